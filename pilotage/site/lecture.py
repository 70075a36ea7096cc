"""Read the visible generation for the site: frames by COPY, and rows as JSON text without a Python object a row."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from psycopg import Connection

TYPES = {16: pl.Boolean, 20: pl.Int64, 21: pl.Int64, 23: pl.Int64, 700: pl.Float64, 701: pl.Float64, 1700: pl.Float64}
CHIFFRES = 6


def read(connection: Connection, query: str) -> pl.DataFrame:
    """Rows of a query, by COPY; every type but numbers and booleans comes as text, so that codes keep their zeros."""
    cursor = connection.execute(f"SELECT * FROM ({query}) AS q LIMIT 0")
    kinds = {column.name: TYPES.get(column.type_code, pl.String) for column in cursor.description}
    buffer = io.BytesIO()
    with connection.cursor() as reader, reader.copy(f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER)") as copy:
        for block in copy:
            buffer.write(block)
    buffer.seek(0)
    text = {name: pl.String if kind == pl.Boolean else kind for name, kind in kinds.items()}
    frame = pl.read_csv(buffer, schema=text)
    flags = [name for name, kind in kinds.items() if kind == pl.Boolean]
    return frame.with_columns(pl.col(name) == "t" for name in flags)


def as_array(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """One JSON array a row. A missing value is `null`, never zero; a column named `…_json` holds JSON already."""
    cells = [_cell(frame.schema[name], name) for name in columns]
    inner = pl.concat_str(cells, separator=",")
    return frame.select(pl.concat_str([pl.lit("["), inner, pl.lit("]")]).alias("ligne")).to_series()


def _cell(kind: pl.DataType, name: str) -> pl.Expr:
    column = pl.col(name)
    if name.endswith("_json"):
        text = column
    elif kind == pl.String:
        text = pl.struct(column.alias("t")).struct.json_encode().str.slice(5).str.strip_suffix("}")
        text = pl.when(column.is_null()).then(None).otherwise(text)
    elif kind.is_float():
        rounded = column.round_sig_figs(CHIFFRES)
        whole = (rounded == rounded.round(0)) & (rounded.abs() < 1e15)
        text = (
            pl.when(whole).then(rounded.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(rounded.cast(pl.String))
        )
    elif kind == pl.Boolean:
        text = pl.when(column).then(pl.lit("1")).otherwise(pl.lit("0"))
    else:
        text = column.cast(pl.String)
    return text.fill_null("null")


def group(frame: pl.DataFrame, columns: Sequence[str], key: str = "cle_territoire") -> dict[str, str]:
    """`[[…],[…]]` by key, rows in the order of the frame."""
    if frame.is_empty():
        return {}
    lines = pl.DataFrame({"cle": frame[key], "ligne": as_array(frame, columns)})
    joined = lines.group_by("cle", maintain_order=True).agg(pl.col("ligne").str.join(","))
    return {cle: f"[{text}]" for cle, text in joined.iter_rows()}
