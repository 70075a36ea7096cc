"""Landed JSON and GeoJSON: as many rows as objects, every text and whole number as it stands."""

from __future__ import annotations

import json

from pilotage.errors import ErreurLecture
from pilotage.readers import describe, iter_records, read_columns
from tests.fuzz.cibles import file_of
from tests.fuzz.fiches import card

DIALECTES = ({}, {"aplatir": True}, {"racine": "data"})


def seeds() -> list[bytes]:
    items = [{"code": "01001", "valeur": 1.5}, {"code": "é", "valeur": None, "autre": [1, {"a": 2}]}]
    feature = {"type": "Feature", "properties": items[0], "geometry": {"type": "Point", "coordinates": [1, 2]}}
    made = [items, {"data": items}, [{"code": {"a": 1}, "valeur": 10**30}], {"features": [feature]}, [{"code": 1e22}]]
    return [bytes([rank % 4]) + json.dumps(content).encode() for rank, content in enumerate(made)]


def run(data: bytes) -> None:
    kind = data[0] % 4 if data else 0
    name, dialect = ("a.geojson", {}) if kind == 3 else ("a.json", DIALECTES[kind])
    path = file_of(name, data[1:])
    livre = describe(card(format=name.rpartition(".")[2], **dialect), "2024", path)
    try:
        names = read_columns(livre).entetes
        found = [record.valeurs for record in iter_records(livre)]
    except ErreurLecture:
        return
    if kind in (1, 3):
        return
    content = json.loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    items = content["data"] if kind == 2 else content
    assert len(items) == len(found), "none lost, none doubled"
    for row, item in zip(found, items, strict=True):
        for header, cell in zip(names, row, strict=True):
            value = item.get(header)
            if isinstance(value, str):
                assert cell == (value or None), (cell, value)
            elif type(value) is int:
                assert cell == str(value), (cell, value)
            elif isinstance(value, float):
                assert float(cell) == value, (cell, value)
