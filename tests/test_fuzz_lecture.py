"""Landed files as an enemy, or a spreadsheet, writes them: every cell accepted is the cell written, or the file is
refused in one sentence. Python's csv module is the independent reader."""

from __future__ import annotations

import csv
import io
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

from pilotage import flux, tables
from pilotage.errors import ErreurLecture, ErreurPilotage
from pilotage.readers import Enregistrement, describe, iter_records, open_body, read_columns, to_csv
from tests.fuzz.profil import borne
from tests.test_readers import card

CELLS = st.text(st.sampled_from(list("aé01='\";,|\n\r\t\\. \u00a0\ufeff０")), max_size=8)
ROWS = st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8)


def rows_of(path: Path, **dialect: object) -> list[list[str | None]]:
    return [record.valeurs for record in iter_records(describe(card(**dialect), "2024", path))]


def body_of(path: Path, **dialect: object) -> bytes:
    with open_body(describe(card(**dialect), "2024", path)) as (_, stream, _skipped):
        return b"".join(iter(lambda: stream.read(64), b""))


def watch_of(body: bytes) -> flux.Surveille:
    livre = describe(card(), "2024", Path("x.csv"))
    return flux.Surveille(livre.fichier, livre.error, io.BytesIO(body), 1)


def refused(path: Path, content: bytes, **dialect: object) -> str:
    """What both ways of reading a csv say of it."""
    path.write_bytes(content)
    with pytest.raises(ErreurLecture) as caught:
        rows_of(path, **dialect)
    with pytest.raises(ErreurLecture):
        body_of(path, **dialect)
    return str(caught.value)


@borne(300)
@given(ROWS, st.sampled_from([",", ";", "\t", "|"]), st.booleans(), st.sampled_from(["utf-8", "cp1252"]))
def test_every_cell_that_csv_wrote_comes_back(tmp_path_factory, rows, separator, all_quoted, encoding) -> None:
    path = tmp_path_factory.getbasetemp() / "ecrit.csv"
    out = io.StringIO()
    style = {"quoting": csv.QUOTE_ALL, "lineterminator": "\n"} if all_quoted else {"lineterminator": "\r\n"}
    csv.writer(out, delimiter=separator, **style).writerows([("code", "valeur"), *rows])
    try:
        path.write_bytes(out.getvalue().encode(encoding))
    except UnicodeEncodeError:
        return
    try:
        found = rows_of(path, separateur=separator, encodage=encoding)
    except ErreurLecture as error:
        assert "copie" in str(error), "only a line « \\. » is refused"
        return
    assert found == [[cell or None for cell in row] for row in rows]


@borne(200)
@given(ROWS)
def test_cells_of_typed_files_survive_the_way_to_copy(rows) -> None:
    """`to_csv` feeds COPY; a lone carriage return was written without quotes, and ended the row there."""
    records = [Enregistrement(rank, rank, list(row)) for rank, row in enumerate(rows, start=1)]
    text = b"".join(to_csv(describe(card(), "2024", Path("x.json")), records)).decode()
    assert list(csv.reader(io.StringIO(text, newline=""), strict=True)) == [list(row) for row in rows]
    watch = watch_of(text.replace("\\.", "").encode())
    assert io.BufferedReader(watch).read() is not None


@borne(500)
@given(st.text(st.sampled_from(list('ab",\n\r;é')), max_size=40))
def test_what_is_accepted_is_what_csv_reads(tmp_path_factory, body) -> None:
    """Any text, well formed or not: the rows accepted are those of a strict independent reading, none more."""
    path = tmp_path_factory.getbasetemp() / "brut.csv"
    path.write_bytes(f"code,valeur\n{body}".encode())
    try:
        found = rows_of(path)
    except ErreurLecture as error:
        assert "ligne" in str(error)
        return
    expected = list(csv.reader(io.StringIO(body, newline=""), strict=True))
    assert found == [[cell or None for cell in row or [""]] for row in expected]
    assert body_of(path) == body.encode(), "what goes to COPY is the same body, untouched"


@borne(200)
@given(st.text(st.sampled_from(list('ab",\n;')), max_size=60), st.integers(1, 7))
def test_the_watch_says_the_same_however_the_bytes_are_cut(body, size) -> None:
    def verdict(step: int) -> bool:
        watch = watch_of(body.encode())
        buffer = bytearray(step)
        try:
            while watch.readinto(buffer):
                pass
        except ErreurLecture:
            return False
        return True

    assert verdict(size) == verdict(4096)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'code,valeur\n5" ecran,1\n7" ecran,2\n', "ligne 2 : guillemet au milieu"),
        (b'code,valeur\n1,2\nx"y"z,1\n', "ligne 3 : guillemet au milieu"),
        (b'code,valeur\n1, "a,b"\n', "guillemet au milieu"),
        (b'code,valeur\n"a"b,1\n', "ligne 2 : guillemet au milieu"),
        (b'code,valeur\n1,"jamais\nferme\n', "guillemet jamais referm"),
        (b"code,valeur\n1,2\n\\.\n3,4\n", "ligne 3 : ligne « \\. »"),
        (b"code,valeur\n1,a\x00b\n", "octet nul"),
        (b"code,valeur\rx,1\r", "mal formé"),
        (b"co\rde,valeur\n1,2\n", "mal formé"),
        (b"\xff\xfec\x00o\x00d\x00e\x00", "pas de l'utf-8"),
        ("code,valeur\né,1\n".encode() + "é,1\n".encode("latin-1"), "pas de l'utf-8"),
        (b'"code,valeur\n' + b"1,2\n" * 400_000, "en-tête démesuré"),
        (b"x" * 2_000_000, "en-tête démesuré"),
    ],
)
def test_named_csv_faults(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(ErreurLecture, match=words.replace("\\", "\\\\").replace(".", r"\.")):
        body_of(path) if "utf-8" not in words or content[0] == 0xFF else rows_of(path)


def test_a_file_that_changes_encoding_on_the_way(tmp_path: Path) -> None:
    """Every byte of UTF-8 is a character of cp1252: the rows after the change would read « Ã© »."""
    lines = "code,valeur\n" + "é,1\n" * 10
    mixed = lines.encode("cp1252") * 1 + b"x,1\n" * 400_000 + "é,1\n".encode()
    assert "ligne 400012" in refused(tmp_path / "a.csv", mixed, encodage="cp1252")
    assert "latin-1" in refused(tmp_path / "b.csv", "code,valeur\nl’été,1\n".encode("cp1252"), encodage="latin-1")


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("\ufeffcode,valeur\n1,2\n".encode())
    assert rows_of(tmp_path / "a.csv") == [["1", "2"]]


def test_huge_record_is_refused_within_bounded_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flux, "ENREGISTREMENT_MAX", 3 << 20)
    path = tmp_path / "a.csv"
    path.write_bytes(b"code,valeur\n1,2\n" + b"x" * (5 << 20) + b",1\n")
    with pytest.raises(ErreurLecture, match=r"ligne 3 : ligne de plus de 3 Mio"):
        body_of(path)
    path.write_bytes(b'code,valeur\n1,"' + b"x\n" * (2 << 20) + b'"\n')
    with pytest.raises(ErreurLecture, match="plus de 3 Mio"):
        body_of(path)
    path.write_bytes(b"code,valeur\n" + b"1,xxxxxxxx\n" * 700_000)
    assert len(body_of(path)) == 7_700_000, "many short lines are no long one"


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


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ErreurPilotage, match="illisible"):
        rows_of(tmp_path / "absent.csv")


HEADERS = [{"nom": "code_departement", "description": "d"}, {"nom": "valeur", "description": "d", "alias": ["Qualité"]}]


@pytest.mark.parametrize(
    ("first", "second", "known"),
    [
        ("Code département", "Qualité", True),
        ("Code de\u0301partement", "Qualite\u0301", True),  # NFD, as macOS writes it
        ("Code\u00a0département", "Qualité\u00a0", True),
        ("Ｃode département", "Qualité", True),  # full-width: the same letter, in compatibility form
        ("Соde département", "Qualité", False),  # Cyrillic С and о
        ("ЖCode département", "Qualité", False),  # a letter that has no Latin form is not dropped
    ],
)
def test_unicode_twins_of_headers(tmp_path: Path, first: str, second: str, known: bool) -> None:
    (tmp_path / "a.csv").write_text(f"{first},{second}\n01,2\n")
    livre = describe(card(HEADERS), "2024", tmp_path / "a.csv")
    if known:
        assert read_columns(livre).noms == ["code_departement", "valeur"]
    else:
        with pytest.raises(ErreurLecture, match="colonne absente"):
            read_columns(livre)


@borne(200)
@given(st.text(max_size=20), st.text(max_size=20))
def test_any_header_is_matched_or_refused(tmp_path_factory, first, second) -> None:
    path = tmp_path_factory.getbasetemp() / "entete.csv"
    try:
        path.write_bytes(f"{first},{second}\n1,2\n".encode())
    except UnicodeEncodeError:
        return
    try:
        found = read_columns(describe(card(), "2024", path))
    except ErreurLecture:
        return
    assert {"code", "valeur"} <= set(found.noms)
