"""What is kept of a person beside the tables: quarantined rows, reasons of refusals, steps of nights, observations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from pilotage.oppositions import Filtre

RAISON = "Valeur effacée à la demande d'une personne."
JOURNAL = (  # table, key, source, delivery, column whose words may quote a value
    ("livraisons", "livraison", "source", "livraison", "motif"),
    ("etapes", "id", "objet", "''", "message"),
    ("controles", "id", "suite", "coalesce(livraison, generation, '')", "observe"),
)


@dataclass(frozen=True)
class Lieu:
    """Where a person was found: how many cells of a column, or lines of a file."""

    endroit: str  # raw | raw_candidats | quarantaine | journal | dépôt | illisible
    source: str
    detail: str
    colonne: str
    nombre: int
    livraison: str = ""


def quarantined(connection: psycopg.Connection) -> list[str]:
    """Sources that have a quarantine."""
    query = "SELECT tablename FROM pg_tables WHERE schemaname = 'quarantaine' ORDER BY 1"
    return [name for (name,) in connection.execute(query).fetchall()]


def in_quarantine(connection: psycopg.Connection, wanted: Filtre) -> list[Lieu]:
    """Quarantined cells that name the person."""
    found: Counter[tuple[str, str, str]] = Counter()
    for source in quarantined(connection):
        for _, livraison, columns in _touched(connection, source, wanted):
            found.update((source, livraison, column) for column in columns)
    return [Lieu("quarantaine", s, s, column, n, livraison) for (s, livraison, column), n in found.items()]


def blank_quarantine(connection: psycopg.Connection, source: str, wanted: Filtre) -> int:
    """Empty the cells of a source's quarantine that name the person, and replace the reason, which may quote them."""
    if source not in quarantined(connection):
        return 0
    query = sql.SQL("UPDATE {} SET contenu = contenu || %s::jsonb, raison = %s WHERE id = %s")
    statement = query.format(sql.Identifier("quarantaine", source))
    rows = list(_touched(connection, source, wanted))
    for number, _, columns in rows:
        connection.execute(statement, (Jsonb(dict.fromkeys(columns)), RAISON, number))
    return len(rows)


def in_journal(connection: psycopg.Connection, wanted: Filtre) -> list[Lieu]:
    """Lines of the journal that quote the person."""
    found: Counter[tuple[str, str, str, str]] = Counter()
    for table, column, _, source, livraison, _ in _quoted(connection, wanted):
        found[f"pilotage.{table}", column, source, livraison] += 1
    return [
        Lieu("journal", source, table, column, n, livraison) for (table, column, source, livraison), n in found.items()
    ]


def blank_journal(connection: psycopg.Connection, wanted: Filtre) -> int:
    """Replace the sentences of the journal that quote the person; the caller commits."""
    rows = list(_quoted(connection, wanted))
    for table, column, key, _, _, (number, content) in rows:
        query = sql.SQL("UPDATE {} SET {} = %s WHERE {} = %s")
        statement = query.format(sql.Identifier("pilotage", table), sql.Identifier(column), sql.Identifier(key))
        connection.execute(statement, (content if isinstance(content, str) else Jsonb(content), number))
    return len(rows)


def _touched(connection: psycopg.Connection, source: str, wanted: Filtre) -> Iterator[tuple[int, str, list[str]]]:
    """(id, delivery, columns) of the quarantined rows that name the person."""
    query = sql.SQL("SELECT id, livraison, contenu FROM {} ORDER BY id").format(sql.Identifier("quarantaine", source))
    for number, livraison, content in connection.execute(query).fetchall():
        columns = [name for name, value in content.items() if isinstance(value, str) and wanted(value)]
        if columns:
            yield number, livraison, columns


def _quoted(
    connection: psycopg.Connection, wanted: Filtre
) -> Iterator[tuple[str, str, str, str, str, tuple[Any, Any]]]:
    """(table, column, key, source, delivery, (value of the key, what the column becomes))."""
    for table, key, source, livraison, column in JOURNAL:
        query = f"SELECT {key}, {source}, {livraison}, {column} FROM pilotage.{table} WHERE {column} IS NOT NULL"
        with connection.cursor(name="traces") as cursor:
            cursor.execute(query)
            for number, of, delivery, content in cursor:
                if (hushed := _hush(content, wanted)) != content:
                    yield table, column, key, of, delivery, (number, hushed)


def _hush(content: Any, wanted: Filtre) -> Any:
    """The same text, list or object, without the sentences that quote the person."""
    if isinstance(content, str):
        return RAISON if wanted(content) else content
    if isinstance(content, list):
        return [_hush(one, wanted) for one in content]
    if isinstance(content, dict):
        return {name: _hush(one, wanted) for name, one in content.items()}
    return content
