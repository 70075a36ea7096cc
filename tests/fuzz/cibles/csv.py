"""Landed csv files, in four dialects: the rows accepted are those that Python's csv reads, strictly."""

from __future__ import annotations

import csv
import io

from pilotage.errors import ErreurLecture
from pilotage.readers import describe, iter_records, open_body
from tests.fuzz.cibles import file_of
from tests.fuzz.fiches import card

DIALECTES = ((",", "utf-8"), (";", "utf-8"), (";", "cp1252"), ("\t", "latin-1"))


def seeds() -> list[bytes]:
    head = "code,valeur\n"
    rows = ("01001,1\n2A004,\n", '"a ""b""","x\ny"\r\n', "é,à\n", '5" écran,1\n7" écran,2\n', "\\.\n", ",\n\n")
    made = [(head + row).encode() for row in rows]
    made += [content.replace(b",", b";").replace(b"\t", b";") for content in made]
    return [bytes([rank % len(DIALECTES)]) + content for rank, content in enumerate(made)]


def run(data: bytes) -> None:
    separator, encoding = DIALECTES[data[0] % len(DIALECTES) if data else 0]
    path = file_of("a.csv", data[1:])
    livre = describe(card(separateur=separator, encodage=encoding), "2024", path)
    try:
        found = [record.valeurs for record in iter_records(livre)]
        with open_body(livre) as (_, stream, _skipped):
            body = stream.read()
    except ErreurLecture:
        return
    assert data.endswith(body), "what goes to COPY is the end of the file, untouched"
    text = io.StringIO(body.decode(encoding), newline="")
    expected = list(csv.reader(text, delimiter=separator, strict=True))
    assert found == [[cell or None for cell in row or [""]] for row in expected], (found, expected)
