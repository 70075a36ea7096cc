"""Inspection: nothing that could leave an archive's own folder passes, and honest files do."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotage.demande import Demande, Limites, is_plain_name
from pilotage.errors import ErreurTelechargement
from pilotage.inspection import check_file, check_head, check_type, check_zip, name_fault

PARTS = st.sampled_from(["..", ".", "", "a", "données.csv", "C:", "c:x", "\\", "..\\..", "~", "a\x00b", " ", "nul"])
NAMES = st.one_of(st.lists(PARTS, min_size=1, max_size=6).map("/".join), st.text(max_size=30))
ZIP = Demande("essai__fichiers", "2024", "f.zip", "https://exemple.fr/f.zip")


@given(NAMES)
def test_a_name_that_passes_stays_below_the_folder(nom):
    if name_fault(nom) is None:
        assert not PurePosixPath(nom).is_absolute() and not PureWindowsPath(nom).is_absolute()
        assert not PureWindowsPath(nom).drive
        assert Path("/racine/dossier", nom).resolve().is_relative_to("/racine/dossier")


@given(st.lists(st.sampled_from(["a", "b.csv", "Données 2024", "x-y_z"]), min_size=1, max_size=4).map("/".join))
def test_an_honest_name_passes(nom):
    assert name_fault(nom) is None


@given(names=st.lists(NAMES.filter(bool), min_size=1, max_size=4, unique=True))
def test_an_archive_passes_only_if_all_its_names_do(names, tmp_path_factory):
    path = tmp_path_factory.mktemp("zip") / "f.zip"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for nom in names:
            info = zipfile.ZipInfo("x")
            info.filename = info.orig_filename = nom.encode("utf-8", "replace").decode()
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(info, b"x")
    path.write_bytes(out.getvalue())
    try:
        check_zip(ZIP, path, Limites())
    except ErreurTelechargement:
        return
    with zipfile.ZipFile(path) as archive:
        assert all(name_fault(membre.orig_filename) is None for membre in archive.infolist())


@given(st.text(max_size=40))
def test_a_plain_name_is_one_component(nom):
    if is_plain_name(nom):
        assert (Path("/depot") / nom).resolve().parent == Path("/depot")
        assert not nom.endswith((".partiel", ".recu.json", ".suivi.json"))


@pytest.mark.parametrize("annonce", [None, "", "application/octet-stream", "text/plain; charset=latin-1", "text/csv"])
def test_general_types_say_nothing_against_a_csv(annonce):
    check_type(Demande("s__s", "2024", "f.csv", ""), annonce)


@pytest.mark.parametrize("annonce", ["application/pdf", "application/zip", "image/png", "application/json"])
def test_precise_types_contradict_a_csv(annonce):
    with pytest.raises(ErreurTelechargement, match=annonce):
        check_type(Demande("s__s", "2024", "f.csv", ""), annonce)


def test_text_that_speaks_of_html_is_not_a_page():
    check_head(Demande("s__s", "2024", "f.csv", ""), b"code;note\n1;<html>\n")
    check_head(Demande("s__s", "2024", "f.json", "", "json"), b'\xef\xbb\xbf [{"a": "<html>"}]')


def test_every_real_file_passes(mirror):
    suffixes = dict.fromkeys(("csv", "zip", "gz"), "csv") | {s: s for s in ("xlsx", "json", "geojson", "parquet")}
    seen = 0
    for path in sorted(mirror.glob("*__*/*/*")):
        suffix = path.name.lower().rpartition(".")[2]
        if suffix in suffixes:
            check_file(Demande("s__s", "x", path.name, "", suffixes[suffix]), path, Limites())
            seen += 1
    assert seen > 190
