"""Packages that a neighbour gives: a zip, or a descriptor; nothing is written outside the working folder."""

from __future__ import annotations

import io
import json
import shutil
import zipfile

from pilotage.errors import ErreurPublication
from pilotage.federation.descripteur import read_descriptor
from pilotage.federation.paquet import open_package
from tests.fuzz.cibles import TRAVAIL, file_of

DESCRIPTEUR = {
    "name": "p", "title": "P", "created": "2026-01-01", "version": "g", "pilotage": {"donnees_simulees": True},
    "resources": [
        {"name": "commun.dim_communes", "type": "table", "path": "commun/dim_communes.csv",
         "schema": {"fields": [{"name": "code_commune", "type": "string"}], "primaryKey": ["code_commune"]}},
        {"name": "commun.dim_communes.parquet", "type": "file", "path": "../dim_communes.parquet", "hash": "sha256:0"},
    ],
}  # fmt: skip


def seeds() -> list[bytes]:
    text = json.dumps(DESCRIPTEUR).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("p/datapackage.json", text)
        archive.writestr("p/commun/dim_communes.parquet", b"PAR1")
    return [b"\0" + text, b"\1" + out.getvalue(), b"\0" + text.replace(b"../", b"commun/")]


def run(data: bytes) -> None:
    shutil.rmtree(TRAVAIL / "ici", ignore_errors=True)
    (TRAVAIL / "ici").mkdir(parents=True)
    try:
        if data[:1] == b"\1":
            path = file_of("p.zip", data[1:])
            before = sorted(entry.name for entry in TRAVAIL.iterdir())
            try:
                open_package(path, 0, TRAVAIL / "ici")
            finally:
                assert sorted(entry.name for entry in TRAVAIL.iterdir()) == before, "written elsewhere"
                assert all(entry.name == "paquet_0" for entry in (TRAVAIL / "ici").iterdir())
        else:
            (TRAVAIL / "ici" / "datapackage.json").write_bytes(data[1:])
            read_descriptor(TRAVAIL / "ici" / "datapackage.json", "p")
            open_package(TRAVAIL / "ici", 0, TRAVAIL)
    except ErreurPublication as error:
        assert str(error)
