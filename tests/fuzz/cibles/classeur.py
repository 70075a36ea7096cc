"""Workbooks: landed ones, and those that a territory converts."""

from __future__ import annotations

import io
import shutil

from openpyxl import Workbook

from pilotage.apports.classeur import convert
from pilotage.errors import ErreurApport, ErreurLecture
from pilotage.readers import describe, iter_records
from tests.fuzz.cibles import TRAVAIL, file_of
from tests.fuzz.fiches import card


def seeds() -> list[bytes]:
    made = []
    for title, rows in (("gouvernance", [["code", "valeur"], ["01001", 1.5], [None, True]]), ("x", [["code"], ["é"]])):
        book = Workbook()
        book.active.title = title
        for row in rows:
            book.active.append(row)
        out = io.BytesIO()
        book.save(out)
        made.append(out.getvalue())
    return made


def run(data: bytes) -> None:
    path = file_of("a.xlsx", data)
    try:
        for record in iter_records(describe(card(format="xlsx"), "2024", path)):
            assert all(cell is None or isinstance(cell, str) for cell in record.valeurs)
    except ErreurLecture as error:
        assert "2024/a.xlsx" in str(error)
    try:
        convert(path, TRAVAIL / "apports")
    except ErreurApport as error:
        assert "a.xlsx" in str(error)
    shutil.rmtree(TRAVAIL / "apports", ignore_errors=True)
