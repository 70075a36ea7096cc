"""Write a synthesis into the schema `synthese` of its generation: all of it, or nothing."""

from __future__ import annotations

from io import BytesIO

import polars as pl
from sqlalchemy import BigInteger, Boolean, Connection, Integer, SmallInteger, Table, text
from sqlalchemy.schema import CreateSchema

from models_ml.synthese.tables import ETRANGERES, build_metadata, load_tables

BLOC = 200_000
ENTIERS = (Integer, SmallInteger, BigInteger)


def write_synthese(generation: str, frames: dict[str, pl.DataFrame]) -> dict[str, int]:
    """Replace the tables of the generation, in one transaction; gives the rows of each."""
    from pilotage.database import get_engine
    from pilotage.generations import schema

    place, commun = schema("synthese", generation), schema("commun", generation)
    metadata = build_metadata(place)
    with get_engine().begin() as connection:
        connection.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
        connection.execute(CreateSchema(place, if_not_exists=True))
        metadata.drop_all(connection)
        metadata.create_all(connection)
        rows = {}
        for declared in load_tables():
            table = metadata.tables[f"{place}.{declared.nom}"]
            rows[declared.nom] = copy_in(connection, table, frames[declared.nom])
            _add_keys(connection, table, declared.cle, commun)
        return rows


def copy_in(connection: Connection, table: Table, frame: pl.DataFrame) -> int:
    """COPY a frame whose columns are the table's, by blocks of CSV; null becomes NULL."""
    if frame.is_empty():
        return 0
    quote = connection.dialect.identifier_preparer
    columns = [column.name for column in table.columns]
    frame = frame.select(_typed(column) for column in table.columns)
    target = f"{quote.format_table(table)} ({', '.join(quote.quote(name) for name in columns)})"
    with connection.connection.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN (FORMAT csv)") as copy:
        for block in frame.iter_slices(BLOC):
            stream = BytesIO()
            block.write_csv(stream, include_header=False, quote_style="necessary", null_value="")
            copy.write(stream.getvalue())
    return len(frame)


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
