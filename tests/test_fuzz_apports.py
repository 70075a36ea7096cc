"""A territory's own files, good, bad and hostile: what is accepted is what was written, and enters the warehouse so."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from pilotage.apports import MILLESIME, cards, lecture
from pilotage.apports.classeur import convert
from pilotage.apports.controle import check_file, check_folder
from pilotage.apports.depot import list_apports
from pilotage.apports.references import References
from pilotage.apports.valeurs import check_value
from pilotage.config import Settings
from pilotage.database import psycopg_connection
from pilotage.demande import is_plain_name
from pilotage.errors import ErreurApport
from pilotage.formes import FORMES
from pilotage.gate import gate_source
from pilotage.load import load_source
from tests.apports_ecrits import SIEGE, write
from tests.fuzz.profil import borne
from tests.livraisons import deliver

GOUVERNANCE = cards()["gouvernance"]
TABLE = GOUVERNANCE.tables[0]
SQL = "'); DROP TABLE raw.apports__gouvernance; --"
HOSTILES = [
    SQL,
    '" OR "1"="1',
    "{{ config() }}",
    "%s %(a)s",
    "$$; SELECT 1; $$",
    "=HYPERLINK(0)",
    "[bold]x[/]",
    "\\N",
    "\\.",
]


def columns(kind: str) -> dict:
    return {column.nom: column for column in cards()[kind].tables[0].colonnes}


def faults_of(folder: Path, *lines: str, kind: str = "gouvernance") -> str:
    path = write(folder, kind, *lines)
    return " | ".join(map(str, check_file(cards()[kind], path, f"{kind}/a.csv", References())[1]))


@pytest.mark.parametrize(
    ("kind", "column", "value"),
    [
        ("territoires", "code_commune", "01００4"),
        ("territoires", "code_commune", "٠١٠٠٤"),
        ("territoires", "code_commune", "01004\u200b"),
        ("territoires", "code_commune", "0100４"),
        ("priorites", "poids", "３"),
        ("priorites", "poids", "NaN"),
        ("priorites", "poids", "inf"),
        ("priorites", "poids", "1e400"),
        ("priorites", "poids", "-1"),
        ("priorites", "poids", "9" * 30),
        ("consultations", "nb_reponses", "99999999999999999999"),
        ("consultations", "nb_reponses", "-5"),
        ("consultations", "nb_reponses", "1_000"),
        ("gouvernance", "date_debut", "0000-00-00"),
        ("gouvernance", "date_debut", "31/02/2025"),
        ("gouvernance", "date_debut", "2025-02-31"),
        ("gouvernance", "date_debut", "２０２５-01-01"),
        ("gouvernance", "instance", "a\x1b[2Jb"),
        ("gouvernance", "instance", "a\u202eb"),
        ("gouvernance", "instance", "x" * 1_000_000 + "\x07"),
    ],
)
def test_values_that_look_like_others(kind: str, column: str, value: str) -> None:
    fault = check_value(columns(kind)[column], value)
    assert fault is not None
    assert len(fault.message) < 300, "a message quotes the beginning of a long value"


@borne(200)
@given(st.sampled_from(sorted(FORMES)), st.text(st.sampled_from(list("019٠０２A-/²")), min_size=1, max_size=14))
def test_no_form_takes_a_digit_of_another_script(form: str, value: str) -> None:
    import re

    if re.fullmatch(FORMES[form].regex, value):
        assert value.isascii()


@borne(200)
@given(st.data())
def test_any_value_is_judged_in_one_sentence(data) -> None:
    card = data.draw(st.sampled_from(sorted(cards())))
    column = data.draw(st.sampled_from(cards()[card].tables[0].colonnes))
    value = data.draw(st.text(max_size=30) | st.sampled_from(HOSTILES))
    fault = check_value(column, value)
    if fault is None and column.type in ("entier", "decimal") and value.strip():
        assert float(value.replace(",", ".")) == float(value.replace(",", ".")), "a number, and never NaN"


@borne(300)
@given(st.binary(max_size=80), st.booleans())
def test_any_bytes_are_judged(tmp_path_factory, content: bytes, headed: bool) -> None:
    path = tmp_path_factory.getbasetemp() / "octets.csv"
    path.write_bytes((";".join(TABLE.noms).encode() + b"\n" if headed else b"") + content)
    rows, faults = check_file(GOUVERNANCE, path, "gouvernance/octets.csv", References())
    assert rows or faults
    if rows and not faults:
        text = path.read_bytes().decode("utf-8-sig")
        expected = list(csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True))[1:]
        assert [list(row.valeurs.values()) for row in rows] == expected, "every cell is the cell written"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'S1;epci;200042935;Le "Lieu";elus;M;membre;2025-01-01;;;\n', "guillemet au milieu"),
        (b"S1;epci\x00;;;;;;;;;\n", "octet nul"),
        (b"S1;epci;200042935;\xe9;elus;M;membre;2025-01-01;;;\n", "UTF-8"),
        (b'S1;"epci\n', "guillemet jamais"),
        (b"\\.\n", "copie"),
        (b"a;b\n", "2 valeurs"),
        (b"\n", "ligne vide"),
    ],
)
def test_named_faults_of_files(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(";".join(TABLE.noms).encode() + b"\n" + content)
    faults = check_file(GOUVERNANCE, path, "gouvernance/a.csv", References())[1]
    assert words in " | ".join(map(str, faults))


def test_utf16_and_a_file_too_large_and_one_that_cannot_be_read(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(";".join(TABLE.noms).encode("utf-16"))
    assert "UTF-8" in str(lecture.read_rows(path, "a.csv", TABLE)[1][0])
    monkeypatch.setattr(lecture, "TAILLE_MAX", 10)
    path.write_bytes(b"x" * 11)
    assert "plus de" in str(lecture.read_rows(path, "a.csv", TABLE)[1][0])
    assert "illisible" in str(lecture.read_rows(tmp_path, "a.csv", TABLE)[1][0]), "a folder of that name"


def test_a_thousand_columns_and_a_header_of_a_megabyte(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for content in (";".join(f"c{i}" for i in range(1000)), "x" * 1_000_000 + ";y"):
        path.write_text(content + "\n1\n")
        faults = lecture.read_rows(path, "a.csv", TABLE)[1]
        assert faults and all(len(str(fault)) < 1500 for fault in faults)


def test_names_of_files_that_hide_something(tmp_path: Path) -> None:
    folder = tmp_path / "gouvernance"
    folder.mkdir()
    names = [b"a;DROP TABLE raw.x.csv", b"_x.csv", b"a:b.csv", b"a\nb.csv", b"a\xe9.csv", b"GRAND.CSV", b"tableau.xlsx"]
    for name in names:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text("x")
    demandes, errors = list_apports(GOUVERNANCE, tmp_path)
    assert [d.fichier for d in demandes] == ["a;DROP TABLE raw.x.csv"], "a strange name, but one plain component"
    assert len(errors) == 6
    assert all(repr(str(error)) for error in errors)
    for name in ("..", ".", "", "a/b", "a\\b", "c:x", "x" * 300, "a\x00", "é" * 150):
        assert not is_plain_name(name)


def test_check_folder_says_a_name_with_markup(tmp_path: Path) -> None:
    write(tmp_path, "gouvernance", SIEGE, name="a[bis][x].csv")
    assert [c.fichier for c in check_folder(tmp_path)] == ["gouvernance/a[bis][x].csv"]


def test_a_workbook_that_is_a_trap_or_damaged(tmp_path: Path) -> None:
    book = Workbook()
    book.active.title = "gouvernance"
    book.active["A1"], book.active["XFD1048576"] = "id_membre", "loin"
    book.save(tmp_path / "piege.xlsx")
    with pytest.raises(ErreurApport, match="presque toutes vides"):
        convert(tmp_path / "piege.xlsx", tmp_path)
    whole = (tmp_path / "piege.xlsx").read_bytes()
    for cut in (0, 10, 400, len(whole) // 2, len(whole) - 10):
        (tmp_path / "coupe.xlsx").write_bytes(whole[:cut])
        with pytest.raises(ErreurApport, match="classeur illisible"):
            convert(tmp_path / "coupe.xlsx", tmp_path)


def csv_of(kind: str, rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows([cards()[kind].tables[0].noms, *rows])
    return out.getvalue().encode()


def test_sql_in_cells_lands_as_text_and_nothing_else(warehouse: Settings) -> None:
    """Real PostgreSQL: hostile words come back byte for byte, tables stand; a bad file leaves the good one."""
    common = ["epci", "200042935", "Comité", "elus"]
    rows = [[f"H{i}", *common, word, "membre", "2025-01-01", "", "", ""] for i, word in enumerate(HOSTILES)]
    name = "a'; DROP TABLE x; --.csv"
    deliver("apports__gouvernance", MILLESIME, name, csv_of("gouvernance", rows))
    assert load_source("apports__gouvernance").lignes == len(rows)
    report = gate_source("apports__gouvernance")
    assert not report.refusees, report.messages
    bad = [*rows, ["M1", *common, "Mairie", "membre", "2025-02-31", "", "", ""]]
    deliver("apports__gouvernance", MILLESIME, name, csv_of("gouvernance", bad))
    load_source("apports__gouvernance")
    report = gate_source("apports__gouvernance")
    assert len(report.refusees) == 1 and "« 2025-02-31 »" in report.messages[0] and name in report.messages[0]
    with psycopg_connection() as connection:
        found = connection.execute("SELECT * FROM raw.apports__gouvernance ORDER BY _ligne").fetchall()
    assert [[cell or "" for cell in row[: len(TABLE.noms)]] for row in found] == rows


def test_codes_in_other_digits_are_refused_by_the_gate(warehouse: Settings) -> None:
    rows = [["pays", "Pays", code, ""] for code in ("01004", "0100４", "０１００５")]
    deliver("apports__territoires", MILLESIME, "a.csv", csv_of("territoires", rows))
    load_source("apports__territoires")
    report = gate_source("apports__territoires")
    assert len(report.refusees) == 1 and "« 0100４ », « ０１００５ »" in report.messages[0]
    with psycopg_connection() as connection:
        assert connection.execute("SELECT to_regclass('raw.apports__territoires')").fetchone() == (None,)
