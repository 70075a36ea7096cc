"""COPY of one delivery into its candidate table, and PostgreSQL's refusals in our words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from pilotage.entetes import Colonnes
from pilotage.errors import ErreurChargement, ErreurPilotage
from pilotage.oppositions import blank_opposed
from pilotage.readers import ENCODINGS_OF_POSTGRES, Livre, wrong_encoding

if TYPE_CHECKING:
    from pilotage.load import Livraison

WORDS_OF_POSTGRES = {
    "unterminated CSV quoted field": "guillemet jamais refermé",
    "missing data for column": "valeurs manquantes",
    "extra data after last expected column": "valeurs en trop",
    "invalid byte sequence": "octet interdit",
}


def partition_name(table: str, livraison: str) -> str:
    """Name of a delivery's table, candidate or attached."""
    return f"{table}__{livraison}"


def copy_delivery(
    connection: psycopg.Connection,
    livre: Livre,
    delivery: Livraison,
    columns: Colonnes,
    chunks: Iterable[bytes],
    skipped: int | None,
) -> int:
    """COPY into a fresh candidate table; `skipped` lines stand before the body of a csv passed through."""
    candidate = sql.Identifier("raw_candidats", partition_name(livre.table.table, delivery.livraison))
    names = [name or f"_ignoree_{i}" for i, name in enumerate(columns.noms)]
    left_out = [name for name in names if name.startswith("_ignoree_")]
    _create_candidate(connection, livre, delivery, candidate, left_out)
    direct = skipped is not None
    dialect = livre.fichier
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, DELIMITER {}, QUOTE {}, ENCODING {})").format(
        candidate,
        sql.SQL(", ").join(map(sql.Identifier, names)),
        dialect.separateur if direct else ",",
        dialect.guillemet if direct else '"',
        ENCODINGS_OF_POSTGRES[dialect.encodage.lower()] if direct else "UTF8",
    )
    cursor = connection.cursor()
    try:
        with cursor.copy(statement) as copy:
            for chunk in chunks:
                copy.write(chunk)
    except psycopg.DataError as error:
        error.add_note(str(skipped or 0))
        raise
    for name in left_out:
        connection.execute(sql.SQL("ALTER TABLE {} DROP COLUMN {}").format(candidate, sql.Identifier(name)))
    # a constant added after the rows is kept once for the table, not written in each row
    constants = {"_millesime": livre.millesime, "_livraison": delivery.livraison}
    for name, value in constants.items():
        add = sql.SQL("ALTER TABLE {} ADD COLUMN {} text NOT NULL DEFAULT {}")
        connection.execute(add.format(candidate, sql.Identifier(name), value))
    connection.execute(sql.SQL("ALTER TABLE {} ALTER COLUMN _ligne DROP DEFAULT").format(candidate))
    connection.execute(sql.SQL("DROP SEQUENCE {}").format(_sequence(livre, delivery)))
    blank_opposed(connection, livre.source.source, candidate)
    return cursor.rowcount


def _create_candidate(connection, livre: Livre, delivery: Livraison, candidate: sql.Identifier, left_out) -> None:
    connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(candidate))
    sequence = _sequence(livre, delivery)
    connection.execute(sql.SQL("DROP SEQUENCE IF EXISTS {}").format(sequence))
    connection.execute(sql.SQL("CREATE SEQUENCE {} CACHE 10000").format(sequence))
    columns = [sql.SQL("{} text").format(sql.Identifier(n)) for n in [*livre.table.noms, *left_out]]
    columns += [
        sql.SQL("_ligne bigint NOT NULL DEFAULT nextval({})").format(f"raw_candidats.{sequence._obj[1]}"),
    ]
    connection.execute(sql.SQL("CREATE TABLE {} ({})").format(candidate, sql.SQL(", ").join(columns)))


def _sequence(livre: Livre, delivery: Livraison) -> sql.Identifier:
    return sql.Identifier("raw_candidats", f"rang__{delivery.livraison}")


def explain_refusal(livre: Livre, error: psycopg.DataError) -> ErreurPilotage:
    """PostgreSQL's words about a COPY, as ours: with the line of the file, banner and header counted."""
    context = error.diag.context or ""
    before = int(next(iter(getattr(error, "__notes__", [])), "0"))
    line = re.search(r"line (\d+)", context)
    column = re.search(r"column (\w+)", context)
    message = error.diag.message_primary or str(error)
    number = int(line.group(1)) + before if line else None
    if "encoding" in message or "byte sequence" in message:
        culprit = bytes.fromhex("".join(re.findall(r"0x([0-9a-f]{2})", message)[:1]))
        return wrong_encoding(livre, number, culprit)
    message = next((words for known, words in WORDS_OF_POSTGRES.items() if known in message), message)
    expected = (
        "autant de valeurs que l'en-tête" if "valeurs" in message else f"du csv, encodage {livre.fichier.encodage}"
    )
    return ErreurChargement(
        message,
        source=livre.source.source,
        fichier=livre.nom,
        ligne=number,
        colonne=column.group(1) if column else None,
        attendu=expected,
        conseil="regarder cette ligne ; fichier coupé, ou séparateur et guillemets changés",
    )
