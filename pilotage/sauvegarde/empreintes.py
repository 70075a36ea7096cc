"""The content of published tables as numbers: equal when the same rows are there, whatever their order on disk."""

from __future__ import annotations

import psycopg
from psycopg import sql

from pilotage.generations import SCHEMAS

SESSION = ("SET datestyle = 'ISO, YMD'", "SET extra_float_digits = 1", "SET timezone = 'UTC'", "SET work_mem = '64MB'")
TABLES = (
    "SELECT table_schema, table_name, array_agg(column_name::text ORDER BY column_name) "
    "FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name) "
    "WHERE table_schema = ANY(%s) AND table_type = 'BASE TABLE' GROUP BY 1, 2 ORDER BY 1, 2"
)
# When it was computed, and what it was called then: these differ between two builds of the same deliveries.
DU_CALCUL = frozenset({"id_calcul", "generation", "date_calcul", "calcule_le", "construite_le"})


def fingerprint(connection: psycopg.Connection, suffix: str = "") -> dict[str, tuple[int, str]]:
    """Rows and content of each table of a generation, `schema.table` -> (rows, sum of the rows' hashes).

    The sum does not depend on the order of rows, and counts one that is there twice two times. Columns go by name.

    Args:
        suffix: `__g…` for a generation that is not the visible one.
    """
    for statement in SESSION:
        connection.execute(statement)
    found = connection.execute(TABLES, ([schema + suffix for schema in SCHEMAS],)).fetchall()
    return {
        f"{schema.removesuffix(suffix)}.{table}": _sum(connection, schema, table, columns)
        for schema, table, columns in found
    }


def count_tables(connection: psycopg.Connection) -> dict[str, int]:
    """Rows of each table of the visible generation."""
    found = connection.execute(TABLES, (list(SCHEMAS),)).fetchall()
    count = sql.SQL("SELECT count(*) FROM {}")
    return {
        f"{schema}.{table}": connection.execute(count.format(sql.Identifier(schema, table))).fetchone()[0]
        for schema, table, _ in found
    }


def differences(before: dict[str, tuple[int, str]], after: dict[str, tuple[int, str]]) -> list[str]:
    """A sentence for each table that is not the same on both sides."""
    told = []
    for name in sorted({*before, *after}):
        if name not in after:
            told.append(f"{name} : absente après")
        elif name not in before:
            told.append(f"{name} : absente avant")
        elif before[name][0] != after[name][0]:
            told.append(f"{name} : {before[name][0]} lignes avant, {after[name][0]} après")
        elif before[name] != after[name]:
            told.append(f"{name} : {before[name][0]} lignes, contenu différent")
    return told


def _sum(connection: psycopg.Connection, schema: str, table: str, columns: list[str]) -> tuple[int, str]:
    kept = [sql.Identifier(name) for name in columns if name not in DU_CALCUL]
    query = sql.SQL(
        "SELECT count(*), coalesce(sum(('x' || left(md5(ROW({})::text), 16))::bit(64)::bigint::numeric), 0)::text "
        "FROM {}"
    ).format(sql.SQL(", ").join(kept), sql.Identifier(schema, table))
    return connection.execute(query).fetchone()
