"""Landed Parquet files."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq

from pilotage.errors import ErreurLecture
from pilotage.readers import describe, iter_records
from tests.fuzz.cibles import file_of
from tests.fuzz.fiches import card


def seeds() -> list[bytes]:
    made = []
    for table in (
        pa.table({"code": ["01001", None], "valeur": [1.5, float("nan")]}),
        pa.table({"code": ["é"], "valeur": [[1, 2]]}),
        pa.table({"code": [b"x"], "valeur": [10**15]}),
    ):
        out = io.BytesIO()
        pq.write_table(table, out, compression="none")
        made.append(out.getvalue())
    return made


def run(data: bytes) -> None:
    path = file_of("a.parquet", data)
    try:
        for record in iter_records(describe(card(format="parquet"), "2024", path)):
            assert all(cell is None or isinstance(cell, str) for cell in record.valeurs)
    except ErreurLecture as error:
        assert "2024/a.parquet" in str(error)
