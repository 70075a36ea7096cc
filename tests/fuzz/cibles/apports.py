"""A territory's own files, of each type: good rows are the rows written; faults are sentences."""

from __future__ import annotations

import csv
import io

from pilotage.apports import EXEMPLES, cards
from pilotage.apports.controle import check_file
from pilotage.apports.references import References
from tests.fuzz.cibles import file_of

TYPES = sorted(cards())


def seeds() -> list[bytes]:
    return [bytes([rank]) + (EXEMPLES / name / "exemple.csv").read_bytes() for rank, name in enumerate(TYPES)]


def run(data: bytes) -> None:
    card = cards()[TYPES[data[0] % len(TYPES) if data else 0]]
    path = file_of("a.csv", data[1:])
    rows, faults = check_file(card, path, "x/a.csv", References())
    assert rows or faults
    assert all("x/a.csv" in str(fault) for fault in faults)
    if not faults:
        text = path.read_bytes().decode("utf-8-sig")
        header, *expected = csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True)
        assert [[row.valeurs[name] for name in header] for row in rows] == expected
