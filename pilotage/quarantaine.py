"""The quarantine: rows set aside at gate 1, with rule, reason, file and line; listed, shown, judged again.

One table a source, `quarantaine.<source>`; its rows stay inside the warehouse, personal values included, and never
reach a mart. `etat`: `en_quarantaine`, `rejouee` (back in its delivery), `ecartee` (its delivery was replaced).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from pilotage.catalogue import get_source
from pilotage.config import get_settings
from pilotage.database import psycopg_connection
from pilotage.load import Livraison
from pilotage.readers import describe, iter_records

SHAPE = """CREATE TABLE IF NOT EXISTS {table} (
    id bigint PRIMARY KEY,
    livraison text NOT NULL, millesime text NOT NULL, fichier text NOT NULL, table_raw text NOT NULL,
    ligne bigint NOT NULL, ligne_physique bigint, regle text NOT NULL, raison text NOT NULL, contenu jsonb NOT NULL,
    mise_le timestamptz NOT NULL DEFAULT now(),
    etat text NOT NULL DEFAULT 'en_quarantaine' CHECK (etat IN ('en_quarantaine', 'rejouee', 'ecartee')),
    UNIQUE (livraison, ligne))"""
COMMENT = "Lignes mises de côté à la porte d''entrée : règle, raison, fichier, ligne ; ne sortent jamais d''ici."


@dataclass(frozen=True)
class Faute:
    """A row to set aside: its rank in the file, the first rule it breaks, why, and what it held."""

    ligne: int
    regle: str
    raison: str
    contenu: dict[str, Any]


@dataclass(frozen=True)
class Groupe:
    """Rows of one source set aside by one rule, with the first of them."""

    source: str
    millesime: str
    fichier: str
    regle: str
    nombre: int
    premieres: list[tuple[int, int | None, str]]


def ensure_table(connection: psycopg.Connection, source: str) -> None:
    """Create the quarantine of a source if it is its first row."""
    if not _sources(connection, source):
        connection.execute(sql.SQL(SHAPE).format(table=_table(source)))
        connection.execute(sql.SQL(f"COMMENT ON TABLE {{}} IS '{COMMENT}'").format(_table(source)))


def set_aside(connection: psycopg.Connection, livraison: Livraison, table_raw: str, fautes: list[Faute]) -> None:
    """Write the rows of one delivery, in place of what a former judgment of it had set aside; the caller commits.

    The caller holds the gate of the source, so that we number the rows: under `wal_level=minimal`, a sequence used by
    the transaction that makes it goes back at the next crash of PostgreSQL, and the same numbers are drawn again.
    """
    target, last = _table(livraison.source), 0
    if _sources(connection, livraison.source):
        ((last,),) = connection.execute(sql.SQL("SELECT coalesce(max(id), 0) FROM {}").format(target)).fetchall()
        connection.execute(sql.SQL("DELETE FROM {} WHERE livraison = %s").format(target), (livraison.livraison,))
    if not fautes:
        return
    ensure_table(connection, livraison.source)
    places = physical_lines(livraison, {faute.ligne for faute in fautes})
    head = (livraison.livraison, livraison.millesime, livraison.fichier, table_raw)
    rows = [
        (last + rank, *head, f.ligne, places.get(f.ligne), f.regle, f.raison, json.dumps(f.contenu, ensure_ascii=False))
        for rank, f in enumerate(fautes, 1)
    ]
    names = "id, livraison, millesime, fichier, table_raw, ligne, ligne_physique, regle, raison, contenu"
    with connection.cursor() as cursor:
        marks = ", ".join(["%s"] * 10)
        insert = f"INSERT INTO {{}} ({names}) OVERRIDING SYSTEM VALUE VALUES ({marks})"  # those of 0.1 are identities
        cursor.executemany(sql.SQL(insert).format(target), rows)


def drop_outdated(connection: psycopg.Connection, source: str) -> None:
    """Rows whose delivery was replaced can no longer go back: they become `ecartee`; the caller commits."""
    if not _sources(connection, source):
        return
    connection.execute(
        sql.SQL(
            "UPDATE {} AS q SET etat = 'ecartee' FROM pilotage.livraisons AS l WHERE q.livraison = l.livraison "
            "AND l.etat = 'remplacee' AND q.etat = 'en_quarantaine'"
        ).format(_table(source))
    )


def physical_lines(livraison: Livraison, ranks: Iterable[int]) -> dict[int, int]:
    """Physical line (or place) in the landed file of each record wanted: line breaks inside values, banners counted."""
    wanted = set(ranks)
    if not wanted:
        return {}
    livre = describe(get_source(livraison.source), livraison.millesime, livraison.path(get_settings()))
    if livre is None or not livre.chemin.exists():
        return {}
    return {record.rang: record.ligne for record in iter_records(livre) if record.rang in wanted}


def list_groups(source: str | None = None, examples: int = 3) -> list[Groupe]:
    """What is in quarantine, by source, file and rule, the largest groups of each source first."""
    groups: list[Groupe] = []
    with psycopg_connection() as connection:
        for name in _sources(connection, source):
            query = sql.SQL(
                "SELECT millesime, fichier, regle, count(*), "
                "(array_agg(json_build_array(ligne, ligne_physique, raison) ORDER BY ligne))[1:%s] FROM {} "
                "WHERE etat = 'en_quarantaine' GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3"
            ).format(_table(name))
            for millesime, fichier, regle, count, first in connection.execute(query, (examples,)):
                groups.append(Groupe(name, millesime, fichier, regle, count, [tuple(row) for row in first]))
    return groups


def read_rows(source: str, limit: int = 50) -> list[dict[str, Any]]:
    """Rows of a source in quarantine, oldest first; personal columns of the card are masked."""
    card = get_source(source)
    masked = {column for _, column in card.personnelles}
    names = ("livraison", "millesime", "fichier", "ligne", "ligne_physique", "regle", "raison", "contenu", "mise_le")
    with psycopg_connection() as connection:
        if not _sources(connection, source):
            return []
        query = sql.SQL(f"SELECT {', '.join(names)} FROM {{}} WHERE etat = 'en_quarantaine' ORDER BY id LIMIT %s")
        rows = connection.execute(query.format(_table(source)), (limit,)).fetchall()
    found = [dict(zip(names, row, strict=True)) for row in rows]
    for row in found:
        row["contenu"] = {k: "(donnée personnelle)" if k in masked and v else v for k, v in row["contenu"].items()}
    return found


def waiting_deliveries(connection: psycopg.Connection, source: str) -> list[tuple[Livraison, str]]:
    """Deliveries in service that have rows in quarantine, with their raw table."""
    if not _sources(connection, source):
        return []
    query = sql.SQL(
        "SELECT DISTINCT l.livraison, l.source, l.millesime, l.fichier, l.sha256, l.table_raw FROM {} AS q "
        "JOIN pilotage.livraisons AS l USING (livraison) "
        "WHERE q.etat = 'en_quarantaine' AND l.etat = 'acceptee' ORDER BY 3, 4"
    ).format(_table(source))
    return [(Livraison(*row[:5]), row[5]) for row in connection.execute(query).fetchall()]


def copy_waiting(connection: psycopg.Connection, livraison: Livraison, target: sql.Identifier) -> int:
    """Append a delivery's quarantined rows to a table shaped like its raw table; the caller commits."""
    query = sql.SQL(
        "INSERT INTO {} SELECT (jsonb_populate_record(NULL::{}, q.contenu || jsonb_build_object("
        "'_millesime', q.millesime, '_livraison', q.livraison, '_ligne', q.ligne))).* "
        "FROM {} AS q WHERE q.livraison = %s AND q.etat = 'en_quarantaine'"
    ).format(target, target, _table(livraison.source))
    return connection.execute(query, (livraison.livraison,)).rowcount


def release(connection: psycopg.Connection, livraison: Livraison, table_raw: str, kept: list[int]) -> int:
    """Put back in their delivery the quarantined rows that are not in `kept` (ranks); the caller commits.

    Returns:
        How many rows went back.
    """
    free = sql.SQL("q.livraison = %s AND q.etat = 'en_quarantaine' AND NOT (q.ligne = ANY(%s))")
    raw = sql.Identifier("raw", table_raw)
    insert = sql.SQL(
        "INSERT INTO {} SELECT (jsonb_populate_record(NULL::{}, q.contenu || jsonb_build_object("
        "'_millesime', q.millesime, '_livraison', q.livraison, '_ligne', q.ligne))).* FROM {} AS q WHERE {}"
    ).format(raw, raw, _table(livraison.source), free)
    count = connection.execute(insert, (livraison.livraison, kept)).rowcount
    mark = sql.SQL("UPDATE {} AS q SET etat = 'rejouee' WHERE {}").format(_table(livraison.source), free)
    connection.execute(mark, (livraison.livraison, kept))
    connection.execute(
        "UPDATE pilotage.livraisons SET nb_quarantaine = nb_quarantaine - %s, decidee_le = now() WHERE livraison = %s",
        (count, livraison.livraison),
    )
    return count


def _sources(connection: psycopg.Connection, source: str | None) -> list[str]:
    query = "SELECT tablename FROM pg_tables WHERE schemaname = 'quarantaine' AND tablename = coalesce(%s, tablename)"
    return [row[0] for row in connection.execute(query + " ORDER BY 1", (source,)).fetchall()]


def _table(source: str) -> sql.Identifier:
    return sql.Identifier("quarantaine", source)
