"""The territory's own files: good ones enter, each fault is told with its place and remedy, last good data stays."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pilotage.__main__ import app
from pilotage.apports import EXEMPLES, SCHEMAS, cards
from pilotage.apports.controle import check_folder
from pilotage.apports.derives import JOUR, table_schema
from pilotage.apports.references import References
from pilotage.apports.valeurs import as_date, check_value
from pilotage.errors import ErreurApport
from tests.apports_ecrits import BAD_VALUES, SIEGE, write

runner = CliRunner(env={"COLUMNS": "250"})


def faults(folder: Path, **known) -> list[str]:
    return [str(fault) for constat in check_folder(folder, References(**known)) for fault in constat.fautes]


def test_examples_of_every_type_have_no_fault() -> None:
    constats = check_folder(EXEMPLES)
    assert {c.fichier.partition("/")[0] for c in constats} == set(cards())
    assert [str(f) for c in constats for f in c.fautes] == []
    assert all(c.lignes >= 2 for c in constats)


def test_schemas_are_valid_table_schemas_and_frictionless_accepts_the_examples(monkeypatch) -> None:
    from frictionless import Schema, validate

    for name, card in cards().items():
        written = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
        assert written == table_schema(card)
        assert [f.name for f in Schema.from_descriptor(written).fields] == card.tables[0].noms
    monkeypatch.chdir(EXEMPLES)
    report = validate("datapackage.json")
    assert report.valid, report.flatten(["name", "rowNumber", "fieldName", "message"])


@pytest.mark.parametrize(("kind", "line", "column", "remedy"), BAD_VALUES)
def test_a_bad_value_is_told_with_its_place_and_frictionless_refuses_it_too(
    tmp_path: Path, kind: str, line: str, column: str, remedy: str
) -> None:
    from frictionless import Dialect, Resource, Schema, formats

    path = write(tmp_path, kind, line)
    said = faults(tmp_path)
    assert len(said) == 1
    assert f"{kind}/a.csv, ligne 2, colonne « {column} »" in said[0] and remedy in said[0]
    dialect = Dialect(controls=[formats.CsvControl(delimiter=";")])
    schema = Schema.from_descriptor(table_schema(cards()[kind]))
    report = Resource(path=path.name, basepath=str(path.parent), schema=schema, dialect=dialect).validate()
    assert not report.valid
    assert column in {row[0] for row in report.flatten(["fieldName"])} | {None} and report.stats["errors"] >= 1


@pytest.mark.parametrize(
    ("kind", "column", "value", "ours", "theirs"),
    [
        ("compteurs", "valeur", "12,5", True, True),
        ("compteurs", "valeur", "12.5", True, False),
        ("compteurs", "valeur", "1e5", False, True),
        ("compteurs", "valeur", "NaN", False, True),
        ("compteurs", "valeur", "1 200", False, False),
        ("consultations", "nb_reponses", "12.0", False, False),
        ("actions", "date_debut", "2025-1-1", False, True),
        ("territoires", "code_commune", "2A004", True, True),
        ("gouvernance", "college", " elus", False, False),
    ],
)
def test_where_our_reading_and_the_table_schema_differ_is_known(kind, column, value, ours, theirs) -> None:
    from frictionless import Schema

    card = cards()[kind]
    found = next(c for c in card.tables[0].colonnes if c.nom == column)
    _, notes = Schema.from_descriptor(table_schema(card)).get_field(column).create_cell_reader()(value)
    assert (check_value(found, value) is None, not notes) == (ours, theirs)


def test_what_only_shows_between_columns_lines_and_files_is_told(tmp_path: Path) -> None:
    write(tmp_path, "territoires", "pays;Pays;01004;", "pays;Le Pays;01007;")
    write(
        tmp_path, "gouvernance", SIEGE, SIEGE, SIEGE.replace("S1", "S2").replace("2025-01-01;", "2025-01-01;2024-01-01")
    )
    write(tmp_path, "gouvernance", SIEGE, name="b.csv")
    write(tmp_path, "priorites", "territoire;pais;fibre;1;", "epci;2000;fibre;1;", "france;FR;fibres;1;")
    said = " | ".join(faults(tmp_path))
    for words in (
        "« Le Pays » ici, « Pays » ligne 2",
        "déjà donné : ligne 2",
        "2024-01-01 est avant date_debut",
        "gouvernance/b.csv, ligne 2",
        "gouvernance/a.csv, ligne 2",
        "« pais » absent de apports/territoires ; attendu : pays",
        "« 2000 » n'est pas un code de niveau epci",
        "« fibres » inconnue du catalogue ; attendu : fibre",
    ):
        assert words in said


def test_a_territory_that_the_warehouse_does_not_know_is_told(tmp_path: Path) -> None:
    write(tmp_path, "priorites", "epci;200042935;fibre;1;", "epci;200042936;fibre;1;")
    said = faults(tmp_path, entrepot=frozenset({"epci:200042935"}))
    assert len(said) == 1 and "ligne 3" in said[0] and "inconnu de l'entrepôt" in said[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "fichier vide"),
        (b"niveau,code_territoire,code_action\n", "le séparateur est la virgule"),
        ("niveau;code_territoire;code_action;poids;motif\nepci;200042935;fibre;1;été\n".encode("cp1252"), "ligne 2"),
        (b"niveau;code_territoire;code_action;poid;motif\n", "colonne \xc2\xab poid"),
        (b"niveau;code_territoire;code_action;poids;motif\nfrance;FR;fibre;1\n", "4 valeurs"),
        (b'niveau;code_territoire;code_action;poids;motif\nfrance;FR;fibre;1;"a\n', "guillemet jamais referm"),
        (b"niveau;code_territoire;code_action;poids;motif\n", "aucune ligne"),
        (b"niveau;code_territoire;code_action;poids;motif\n;;;;\n", "ligne 2 : ligne vide"),
        (b"niveau;code_territoire;code_action;poids;motif\nfrance;FR;fibre;1;Voir a.b@ville.fr\n", "colonne publi"),
        (b"niveau;code_territoire;code_action;poids;motif\nfrance;FR;fibre ;1;\n", "espace"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, words: str | bytes) -> None:
    path = tmp_path / "priorites" / "a.csv"
    path.parent.mkdir()
    path.write_bytes(content)
    words = words.encode("latin-1").decode() if "\xc2" in words else words
    said = faults(tmp_path)
    assert said and any(words in fault for fault in said), said


def test_a_folder_that_nothing_reads_is_told(tmp_path: Path) -> None:
    write(tmp_path, "territoires", "pays;Pays;01004;")
    (tmp_path / "territoires").rename(tmp_path / "territoire")
    assert "le renommer « territoires »" in faults(tmp_path)[0]


def test_commands_check_write_examples_and_explain(tmp_path: Path) -> None:
    written = runner.invoke(app, ["apports", "exemple", str(tmp_path)])
    assert written.exit_code == 0 and (tmp_path / "gouvernance" / "exemple.csv").exists()
    assert (tmp_path / "schemas" / "gouvernance.json").exists()
    assert runner.invoke(app, ["apports", "verifier", str(tmp_path)]).exit_code == 0
    write(tmp_path, "gouvernance", SIEGE.replace("elus", "elu"))
    shown = runner.invoke(app, ["apports", "verifier", str(tmp_path)])
    assert isinstance(shown.exception, ErreurApport)
    assert "gouvernance/a.csv, ligne 2, colonne « college »" in shown.output
    assert runner.invoke(app, ["apports", "verifier", str(tmp_path / "absent")]).exit_code == 0
    explained = runner.invoke(app, ["apports", "expliquer", "gouvernance"]).output
    assert "donnée personnelle" in explained and "citoyens" in explained


@given(st.dates(min_value=dt.date(1900, 1, 1), max_value=dt.date(2099, 12, 31)), st.integers(29, 31))
def test_the_gate_s_days_are_those_that_exist(day: dt.date, number: int) -> None:
    assert re.match(JOUR, day.isoformat())
    other = f"{day:%Y-%m}-{number}"
    assert bool(re.match(JOUR, other)) == (as_date(other) is not None)


def test_a_workbook_filled_from_the_model_becomes_good_files(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    assert runner.invoke(app, ["apports", "exemple", str(tmp_path / "ex")]).exit_code == 0
    book = load_workbook(tmp_path / "ex" / "modele.xlsx")
    assert set(book.sheetnames) == {"lisez-moi", *cards()}
    sheet = book["gouvernance"]
    assert [cell.value for cell in sheet[1]] == cards()["gouvernance"].tables[0].noms
    assert sheet.column_dimensions["C"].number_format == "@" and len(sheet.data_validations.dataValidation) == 2
    sheet.append(["S1", "epci", 200042935, "Comité ", "elus", None, None, dt.datetime(2025, 1, 15)])
    book["territoires"].append(["pays", "Pays", 1004])
    book.save(tmp_path / "classeur.xlsx")
    made = runner.invoke(app, ["apports", "convertir", str(tmp_path / "classeur.xlsx"), str(tmp_path / "apports")])
    assert made.exit_code == 0, made.output
    line = (tmp_path / "apports" / "gouvernance" / "classeur.csv").read_text(encoding="utf-8").splitlines()[1]
    assert line == "S1;epci;200042935;Comité;elus;;;2025-01-15;;;"
    (said,) = faults(tmp_path / "apports")  # a zero that the spreadsheet ate is told, never guessed
    assert "territoires/classeur.csv, ligne 2" in said and "01004" in said


def test_a_workbook_of_another_kind_is_refused(tmp_path: Path) -> None:
    from openpyxl import Workbook

    from pilotage.apports.classeur import convert

    book = Workbook()
    book.active.title = "gouvernances"
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(ErreurApport, match="la renommer « gouvernance »"):
        convert(tmp_path / "a.xlsx", tmp_path)
    (tmp_path / "b.xlsx").write_text("a;b\n")
    with pytest.raises(ErreurApport, match="classeur illisible"):
        convert(tmp_path / "b.xlsx", tmp_path)


def test_names_and_addresses_of_people_are_personal_in_every_card() -> None:
    personal = {(k, c.nom) for k, card in cards().items() for c in card.tables[0].colonnes if c.personnel}
    assert personal == {
        ("gouvernance", "nom_personne"),
        ("gouvernance", "courriel_personne"),
        ("partenaires", "contact"),
    }
