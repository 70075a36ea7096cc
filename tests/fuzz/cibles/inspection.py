"""Bytes at the door of the landing, under every format that a card may name."""

from __future__ import annotations

import gzip
import io
import zipfile

from pilotage.demande import Demande, Limites
from pilotage.errors import ErreurTelechargement
from pilotage.inspection import check_file, check_type, name_fault
from tests.fuzz.cibles import file_of

FORMATS = ("csv", "json", "geojson", "xlsx", "zip", "gz", "parquet", "shapefile", "html")


def seeds() -> list[bytes]:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/b.csv", b"code\n" * 20)
    made = [
        b"code\n1\n",
        b'{"a": 1}',
        b"[]",
        out.getvalue(),
        out.getvalue(),
        gzip.compress(b"code\n" * 9),
        b"PAR1xPAR1",
    ]
    made += [b"PK\x03\x04", b"<!---->" * 40 + b"<html><title> a </title>"]
    return [bytes([rank % len(FORMATS)]) + content for rank, content in enumerate(made)]


def run(data: bytes) -> None:
    kind = FORMATS[data[0] % len(FORMATS) if data else 0]
    name, format = (f"a.{kind}", "csv") if kind in ("zip", "gz") else ("a.bin", kind)
    asked = Demande("essai__jeu", "2024", name, "https://exemple.fr/a", format)
    path = file_of(name, data[1:])
    try:
        check_type(asked, data[1:60].decode("latin-1"))
        check_file(asked, path, Limites(ratio_a_partir_de=10_000, decompresse_max=1_000_000))
    except ErreurTelechargement as error:
        assert str(error).startswith("essai__jeu : 2024/a.")
        return
    if kind in ("zip", "xlsx"):
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
        assert len(set(names)) == len(names) and not any(map(name_fault, names))
