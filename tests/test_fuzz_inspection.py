"""Bytes as an enemy sends them, at the door of the landing: refused in one sentence, quickly, never a traceback."""

from __future__ import annotations

import gzip
import io
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotage.demande import Demande, Limites
from pilotage.errors import ErreurTelechargement
from pilotage.inspection import HTML, check_file, check_head, name_fault
from tests.fuzz.profil import borne

LIMITES = Limites(ratio_a_partir_de=100_000, decompresse_max=5_000_000)
FORMATS = ("csv", "json", "geojson", "xlsx", "zip", "gz", "parquet", "shapefile")


def demande(fichier: str, format: str = "csv") -> Demande:
    return Demande("essai__jeu", "2024", fichier, "https://exemple.fr/x", format)


def zip_of(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def special(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    return info


def refuse(tmp_path: Path, content: bytes, name: str = "a.zip") -> str:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ErreurTelechargement) as caught:
        check_file(demande(name), path, LIMITES)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../x.csv", "remonte"),
        ("a/../../x.csv", "remonte"),
        ("/etc/passwd", "absolu"),
        ("C:/x.csv", "Windows"),
        ("c:x.csv", "Windows"),
        ("a\\..\\x.csv", "Windows"),
        ("a\x00.csv", "nul"),
    ],
)
def test_zip_member_names_that_escape(tmp_path: Path, name: str, words: str) -> None:
    assert name_fault(name) is not None
    if "\x00" in name:  # zipfile cannot write it: the byte is put in the finished archive
        content = zip_of(("aZ.csv", b"x")).replace(b"aZ.csv", b"a\x00.csv")
    else:
        content = zip_of((name, b"code,valeur\n"))
    assert words in refuse(tmp_path, content)


def test_zip_member_that_is_a_link_or_a_device(tmp_path: Path) -> None:
    for mode in (stat.S_IFLNK | 0o777, stat.S_IFIFO | 0o644, stat.S_IFCHR | 0o644):
        assert "lien symbolique" in refuse(tmp_path, zip_of((special("a.csv", mode), b"/etc/passwd")))


def test_zip_with_a_name_twice(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        content = zip_of(("a.csv", b"code\n1\n"), ("a.csv", b"code\n2\n"))
    assert "deux membres" in refuse(tmp_path, content)


def test_encrypted_zip(tmp_path: Path) -> None:
    content = bytearray(zip_of(("a.csv", b"code\n1\n")))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert "chiffré" in refuse(tmp_path, bytes(content))


def test_bombs(tmp_path: Path) -> None:
    zeros = bytes(4_000_000)
    assert "démesurée" in refuse(tmp_path, zip_of(("a.csv", zeros)))
    assert "démesurée" in refuse(tmp_path, gzip.compress(zeros), "a.csv.gz")
    many = zip_of(*((f"{i}.csv", b"") for i in range(20)))
    (tmp_path / "b.zip").write_bytes(many)
    with pytest.raises(ErreurTelechargement, match="20 membres"):
        check_file(demande("b.zip"), tmp_path / "b.zip", Limites(zip_entrees=10))


def test_a_page_of_comments_is_judged_at_once() -> None:
    """Each comment could be read alone or with its neighbours: twenty-six took a minute, a whole head never ended."""
    assert HTML.match(b"<!---->" * 585) is None
    check_head(demande("a.csv"), b"<!---->" * 585)
    with pytest.raises(ErreurTelechargement, match="page HTML"):
        check_head(demande("a.csv"), b"<!---->" * 500 + b"<html><title>" + b" " * 400)


@borne(300)
@given(st.sampled_from(FORMATS), st.binary(max_size=300), st.booleans())
def test_any_bytes_are_taken_or_refused(tmp_path_factory, format: str, content: bytes, lead: bool) -> None:
    heads = {"zip": b"PK\x03\x04", "xlsx": b"PK\x03\x04", "gz": b"\x1f\x8b\x08", "parquet": b"PAR1", "json": b"{"}
    name = f"a.{format}" if format in ("zip", "gz") else "a.bin"
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes((heads.get(format, b"") if lead else b"") + content)
    try:
        check_file(demande(name, format if format not in ("zip", "gz") else "csv"), path, LIMITES)
    except ErreurTelechargement as error:
        assert str(error).startswith("essai__jeu : 2024/")


@borne(200)
@given(st.data())
def test_a_damaged_archive_is_taken_or_refused(tmp_path_factory, data) -> None:
    kind = data.draw(st.sampled_from(["zip", "gz"]))
    whole = bytearray(zip_of(("a.csv", b"code\n" * 50)) if kind == "zip" else gzip.compress(b"code\n" * 50))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    path = tmp_path_factory.getbasetemp() / f"abime.{kind}"
    path.write_bytes(bytes(whole[:cut]) if data.draw(st.booleans()) else bytes(whole))
    try:
        check_file(demande(path.name), path, LIMITES)
    except ErreurTelechargement as error:
        assert "2024/abime" in str(error)
