"""Landed files as an enemy, or a spreadsheet, writes them: every cell accepted is the cell written, or the file is
refused in one sentence. Python's csv module is the independent reader."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotage import flux
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
