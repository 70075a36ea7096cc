"""JSON, workbooks, Parquet and archives as an enemy writes them: every cell accepted is the cell written."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from pilotage import tables
from pilotage.errors import ErreurLecture
from pilotage.readers import describe, iter_records, read_columns
from tests.fuzz.profil import borne
from tests.test_readers import card


def rows_of(path: Path, **dialect: object) -> list[list[str | None]]:
    return [record.valeurs for record in iter_records(describe(card(**dialect), "2024", path))]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'[{"code": 1e400}]', "hors limites"),
        (b'[{"code": NaN}]', "n'est pas un nombre"),
        (b'[{"code": -Infinity}]', "n'est pas un nombre"),
        (b'[{"code": ' + b"9" * 5000 + b"}]", "JSON refus"),
        (b'[{"code": 1, "code": 2}]', "deux fois"),
        (b"[" * 200_000, "trop imbriqu"),
        (b'[{"code": 1}, 3]', "pas un objet"),
        (b'[{"code": "\xff"}]', "utf-8"),
    ],
)
def test_named_json_faults(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ErreurLecture, match=words):
        rows_of(tmp_path / "a.json", format="json")


def test_json_numbers_are_kept_to_the_last_digit(tmp_path: Path) -> None:
    big = '[{"code": 12345678901234567890123, "valeur": 12345678901234567.5}, {"code": -1, "valeur": 12.0}]'
    (tmp_path / "a.json").write_text(big)
    found = rows_of(tmp_path / "a.json", format="json")
    assert found == [["12345678901234567890123", "12345678901234567.5"], ["-1", "12"]]


def test_a_half_of_a_character_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"code": "\\ud800", "valeur": 1}]')
    with pytest.raises(ErreurLecture, match="moitié de caractère"):
        rows_of(tmp_path / "a.json", format="json")


def test_two_values_for_one_flattened_column(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"a": {"b": 1}, "a_b": 2}]')
    with pytest.raises(ErreurLecture, match="a_b"):
        rows_of(tmp_path / "a.json", format="json", aplatir=True)


@pytest.mark.parametrize("feature", ["3", '{"properties": [1]}', '{"properties": "x"}', "null"])
def test_geojson_of_something_else(tmp_path: Path, feature: str) -> None:
    (tmp_path / "a.geojson").write_text(f'{{"features": [{feature}]}}')
    with pytest.raises(ErreurLecture, match="Feature"):
        rows_of(tmp_path / "a.geojson", format="geojson")


@borne(200)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["code", "valeur", "x"]), inner),
        max_leaves=8,
    )
)
def test_any_json_is_read_or_refused(tmp_path_factory, content) -> None:
    path = tmp_path_factory.getbasetemp() / "a.json"
    path.write_text(json.dumps(content))
    try:
        found = rows_of(path, format="json")
    except ErreurLecture:
        return
    assert len(found) == len(content), "none lost, none doubled"
    for row, item in zip(found, content, strict=True):
        names = read_columns(describe(card(format="json"), "2024", path)).entetes
        for name, cell in zip(names, row, strict=True):
            if isinstance(item.get(name), str):
                assert cell == (item[name] or None)
            elif type(item.get(name)) is int:
                assert cell == str(item[name])


def test_a_workbook_of_two_far_cells(tmp_path: Path) -> None:
    book = Workbook()
    book.active["A1"], book.active["B1"] = "code", "valeur"
    book.active["XFD1048576"] = "loin"
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(ErreurLecture, match="presque toutes vides"):
        rows_of(tmp_path / "a.xlsx", format="xlsx")


def test_a_workbook_with_a_number_beyond_all(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["code", "valeur"])
    book.active.append(["01001", 5])
    book.save(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "a.xlsx") as whole, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as out:
        for name in whole.namelist():
            out.writestr(name, whole.read(name).replace(b"<v>5</v>", b"<v>1e400</v>"))
    with pytest.raises(ErreurLecture, match="ligne 2"):
        rows_of(tmp_path / "b.xlsx", format="xlsx")


@borne(60)
@given(st.data())
def test_a_damaged_typed_file_is_read_or_refused(tmp_path_factory, data) -> None:
    folder = tmp_path_factory.getbasetemp()
    kind = data.draw(st.sampled_from(["xlsx", "parquet"]))
    whole = folder / f"entier.{kind}"
    if not whole.exists():
        if kind == "xlsx":
            book = Workbook()
            for row in (["code", "valeur"], ["01001", 1.5], ["01002", True]):
                book.active.append(row)
            book.save(whole)
        else:
            pq.write_table(pa.table({"code": ["01001", None], "valeur": [1.5, 2.0]}), whole)
    content = bytearray(whole.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = folder / f"abime.{kind}"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    try:
        rows_of(path, format=kind)
    except ErreurLecture as error:
        assert f"2024/abime.{kind}" in str(error)


def test_parquet_bytes_that_are_no_geometry_and_infinite_numbers(tmp_path: Path) -> None:
    pq.write_table(pa.table({"code": [b"01001"], "valeur": ["1"]}), tmp_path / "a.parquet")
    with pytest.raises(ErreurLecture, match="parquet illisible"):
        rows_of(tmp_path / "a.parquet", format="parquet")
    pq.write_table(pa.table({"code": ["1"], "valeur": [float("inf")]}), tmp_path / "b.parquet")
    with pytest.raises(ErreurLecture, match="fini"):
        rows_of(tmp_path / "b.parquet", format="parquet")


def test_a_zip_whose_content_is_damaged_encrypted_or_twice_there(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"code,valeur\n" + b"01001,1\n" * 500)
    whole = path.read_bytes()
    start = whole.index(b"a.csv") + 5
    for content in (whole[:start] + b"\xff" * 8 + whole[start + 8 :], whole.replace(b"PK\x01\x02", b"PK\x01\x03")):
        path.write_bytes(content)
        with pytest.raises(ErreurLecture, match=r"illisible"):
            rows_of(path)
    locked = bytearray(whole)
    locked[whole.index(b"PK\x01\x02") + 8] |= 1
    locked[6] |= 1
    path.write_bytes(locked)
    with pytest.raises(ErreurLecture, match="ne s'ouvre pas"):
        rows_of(path)
    with pytest.warns(UserWarning), zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "code,valeur\n1,1\n")
        archive.writestr("a.csv", "code,valeur\n2,2\n")
    with pytest.raises(ErreurLecture, match="2 fichiers du zip"):
        rows_of(path)


def test_a_cut_or_false_gzip(tmp_path: Path) -> None:
    whole = zlib.compress(b"code,valeur\n" * 90, wbits=31)
    for content in (whole[:40], whole[:-4] + b"abcd", b"\x1f\x8b\x08rien", b""):
        (tmp_path / "a.csv.gz").write_bytes(content)
        with pytest.raises(ErreurLecture):
            rows_of(tmp_path / "a.csv.gz")


def test_a_json_that_would_fill_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ENTIER_MAX", 1000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", b"[" + b" " * 5000 + b"]")
    with pytest.raises(ErreurLecture, match="une fois ouvert"):
        rows_of(tmp_path / "a.zip", format="json")
