"""Write a synthesis into the schema `synthese` of its generation: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import polars as pl
from sqlalchemy import BigInteger, Boolean, Connection, Integer, SmallInteger, Table, text
from sqlalchemy.schema import CreateSchema

from models_ml.synthese.lignes import Lignes
from models_ml.synthese.tables import ETRANGERES, build_metadata, load_tables

ENTIERS = (Integer, SmallInteger, BigInteger)


def write_synthese(generation: str, rows: dict[str, Lignes]) -> dict[str, int]:
    """Replace the tables of the generation, in one transaction; gives the rows of each."""
    from pilotage.database import get_engine
    from pilotage.generations import schema
    from pilotage.suivi import check_courante

    place, commun = schema("synthese", generation), schema("commun", generation)
    metadata = build_metadata(place)
    with get_engine().begin() as connection:
        connection.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
        connection.execute(CreateSchema(place, if_not_exists=True))
        metadata.drop_all(connection)
        metadata.create_all(connection)
        written = {}
        for declared in load_tables():
            table = metadata.tables[f"{place}.{declared.nom}"]
            written[declared.nom] = copy_in(connection, table, rows[declared.nom]())
            _add_keys(connection, table, declared.cle, commun)
        check_courante(connection)
        return written


def copy_in(connection: Connection, table: Table, blocks: Iterator[pl.DataFrame]) -> int:
    """COPY frames that hold the table's columns, as CSV; null becomes NULL. Gives the number of rows."""
    quote, rows = connection.dialect.identifier_preparer, 0
    names = ", ".join(quote.quote(column.name) for column in table.columns)
    statement = f"COPY {quote.format_table(table)} ({names}) FROM STDIN (FORMAT csv)"
    with connection.connection.cursor() as cursor, cursor.copy(statement) as copy:
        for block in blocks:
            if block.is_empty():
                continue
            stream = BytesIO()
            typed = block.select(_typed(column) for column in table.columns)
            typed.write_csv(stream, include_header=False, quote_style="necessary", null_value="")
            copy.write(stream.getvalue())
            rows += len(block)
    return rows


def _typed(column) -> pl.Expr:
    """The column as PostgreSQL's CSV reader takes it: a float that is not a number is a missing value."""
    values = pl.col(column.name)
    if isinstance(column.type, ENTIERS):
        return values.cast(pl.Float64).fill_nan(None).cast(pl.Int64)
    if isinstance(column.type, Boolean):
        return values.cast(pl.Boolean)
    return values


def _add_keys(connection: Connection, table: Table, key: list[str], commun: str) -> None:
    """Primary key and foreign keys once the rows are in; a row of an unknown territory fails here."""
    quote = connection.dialect.identifier_preparer
    actions = [f"ADD PRIMARY KEY ({', '.join(key)})"]
    actions += [
        f"ADD FOREIGN KEY ({name}) REFERENCES {quote.quote_schema(commun)}.{target} ({column})"
        for name, (target, column) in ETRANGERES.items()
        if name in table.c
    ]
    connection.execute(text(f"ALTER TABLE {quote.format_table(table)} {', '.join(actions)}"))
    connection.execute(text(f"ANALYZE {quote.format_table(table)}"))
