"""Gate 1 and gate 2: what is refused and how it is told, what stays served, and what a kill leaves behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pilotage import gate, jugement, suites, verdicts
from pilotage.catalogue import load_catalogue
from pilotage.config import RACINE, Settings
from pilotage.database import psycopg_connection
from pilotage.errors import ErreurConfiguration, ErreurControle
from pilotage.formes import FORMES
from pilotage.gate import gate_axe, gate_source
from pilotage.load import load_source
from pilotage.suites import load_suite, raw_suite
from tests.livraisons import deliver, deliver_file
from tests.portes import (
    DEBITS,
    FICHIER,
    MILLESIME,
    SUITE,
    clean,
    content,
    query,
    rows,
    served,
    state,
    submit,
    write_suite,
)

RAW_SUITES = sorted((RACINE / "expectations" / "raw").glob("*.yml"))


@pytest.fixture(autouse=True)
def _clean(warehouse: Settings) -> None:
    clean()


def changed(column: int, value: str, count: int = 60) -> list[list[str]]:
    """Good rows whose `count` first have another value in one column."""
    return [[*r[:column], value, *r[column + 1 :]] if rank < count else r for rank, r in enumerate(rows())]


def test_a_good_delivery_is_attached_and_every_rule_is_journaled(warehouse: Settings) -> None:
    delivery, report = submit(rows())
    assert (report.acceptees, report.refusees, report.quarantaine) == ([delivery], [], 0)
    assert state(delivery) == ("acceptee", None)
    assert len(served()) == 60
    journal = query("SELECT succes, severite FROM pilotage.controles")
    assert len(journal) == report.controles > 10
    assert all(success for success, _ in journal)
    assert {severity for _, severity in journal} >= {"bloquante", "quarantaine"}
    assert query("SELECT 1 FROM pg_tables WHERE schemaname = 'raw_candidats'") == []


def test_data_docs_list_the_suite_and_call_nobody(warehouse: Settings) -> None:
    submit(rows())
    index = (warehouse.data_docs / "index.html").read_text(encoding="utf-8")
    name = "arcep__debits__2019-09-30__commune-debit-beta"
    assert name in index
    link = index.split(f'">{name}')[0].rpartition('href="')[2]
    page = (warehouse.data_docs / link).read_text(encoding="utf-8")
    assert "code_insee" in page
    for path in warehouse.data_docs.rglob("*.html"):
        assert 'src="http' not in path.read_text(encoding="utf-8")
        assert "amazonaws" not in path.read_text(encoding="utf-8")


def test_no_password_in_what_great_expectations_stores(warehouse: Settings) -> None:
    submit(rows())
    password = warehouse.database_url.split(":")[2].split("@")[0]
    stored = [*(warehouse.home / "gx").rglob("*.json"), *warehouse.data_docs.rglob("*.html")]
    assert stored
    assert not [path for path in stored if password in path.read_text(encoding="utf-8")]


REFUSED = {
    "truncated": (rows(12), "Une ligne par commune de France"),
    "lost zeros": ([[r[0][1:], r[1], "1", *r[3:]] for r in rows()], "zéro de tête est perdu"),
    "repeated key": ([*rows(), *rows(3)], "cle_repetee : 3 lignes sur 63"),
    "contradictory key": ([*rows(), [*rows(1)[0][:1], "Autre nom", *rows(1)[0][2:]]], "cle_contradictoire : 2 lignes"),
    "classes that do not sum": (changed(12, "7", 2), "classes_exclusives : 2 lignes"),
    "not a number": (changed(4, "n.c.", 1), "locaux_bornes : 1 lignes"),
    "negative": (changed(4, "-5", 1), "locaux_bornes"),
    "another kind of premises": (changed(5, "logement", 60), "type_connu : 60 lignes sur 60"),
    "wrong date form": (changed(13, "30/09/2019", 60), "date_forme"),
    "commune of another département": (changed(2, "02", 1), "commune_dans_son_departement"),
    "missing value": (changed(4, "", 1), "locaux_renseignes"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_refused_delivery_is_told_and_the_last_good_one_stays(kind: str) -> None:
    good, _ = submit(rows(50))
    before = served()
    lines, message = REFUSED[kind]
    bad, report = submit(lines)
    assert (report.acceptees, report.refusees) == ([], [bad])
    assert message in " ".join(report.messages)
    assert DEBITS in report.messages[0]
    assert FICHIER in report.messages[0]
    assert state(good) == ("acceptee", None)
    assert state(bad)[0] == "refusee"
    assert message in (state(bad)[1] or "")
    assert served() == before
    assert query(f"SELECT count(*) FROM raw_candidats.arcep__debits__{bad}") == [(len(lines),)]
    assert query(f"SELECT bool_and(succes) FROM pilotage.controles WHERE livraison = '{bad}'") == [(False,)]


def test_a_refusal_names_the_physical_line_of_the_first_cases() -> None:
    lines = rows()
    lines[4][1] = '"Deux\nlignes"'
    lines[9][4] = "beaucoup"
    _, report = submit(lines)
    # banner and header, nine records before, one of them on two lines
    assert "Lignes du fichier : 13" in report.messages[0]


def test_a_refused_candidate_is_kept_until_the_next_delivery_of_the_file() -> None:
    bad, _ = submit(rows(12))
    good, _ = submit(rows())
    assert query("SELECT tablename FROM pg_tables WHERE schemaname = 'raw_candidats'") == []
    assert (state(bad)[0], state(good)[0]) == ("refusee", "acceptee")


def test_a_new_delivery_replaces_the_former_one() -> None:
    first, _ = submit(rows(60))
    second, _ = submit(rows(59))
    assert (state(first)[0], state(second)[0]) == ("remplacee", "acceptee")
    assert len(served()) == 59
    assert query("SELECT count(DISTINCT _livraison) FROM raw.arcep__debits") == [(1,)]


def test_a_large_loss_of_rows_is_refused() -> None:
    submit(rows(200))
    bad, report = submit(rows(100))
    assert report.refusees == [bad]
    assert "comptait 200 lignes" in report.messages[0]
    assert len(served()) == 200


def test_a_rule_that_cannot_be_computed_refuses_and_the_next_file_enters(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ratio = "nombre(elig_thd1g) / nombre(nbr) <= 1"
    rule = f"  - {{regle: rapport, condition: '{ratio}', tolerance: 0.2, raison: Un rapport.}}\ndoublons:"
    write_suite(monkeypatch, tmp_path, SUITE.replace("doublons:", rule))
    zero = rows()
    zero[3][4] = zero[3][9] = zero[3][12] = "0"
    bad, report = submit(zero)
    assert report.refusees == [bad] and "n'a pas pu être calculée : division by zero" in report.messages[0]
    assert state(bad)[0] == "refusee"
    good, report = submit(rows())
    assert report.acceptees == [good]


def test_judging_again_decides_nothing_twice() -> None:
    submit(rows())
    report = gate_source(DEBITS)
    assert (report.acceptees, report.refusees, report.controles) == ([], [], 0)


def test_a_served_delivery_that_new_rules_refuse_goes_on_being_served(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    delivery, _ = submit(rows())
    strict = (RACINE / "expectations/raw/arcep__debits.yml").read_text(encoding="utf-8")
    write_suite(monkeypatch, tmp_path, strict.replace("simulation: 40}", "simulation: 1000}"))
    again, report = submit(rows())
    assert again == delivery
    assert report.refusees == [delivery]
    etat, motif = state(delivery)
    assert etat == "acceptee"
    assert motif and "servie telle que jugée auparavant" in motif
    assert len(served()) == 60
    monkeypatch.undo()
    _, report = submit(rows(59))
    assert len(report.acceptees) == 1
    assert len(served()) == 59, "the former partition must be gone"


def test_an_interruption_before_the_commit_changes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_suite(monkeypatch, tmp_path)
    good, _ = submit(rows(50))
    lines = changed(4, "9999", 3)
    delivery = deliver(DEBITS, MILLESIME, FICHIER, content(lines))
    load_source(DEBITS)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(gate, "attach", interrupt)
        with pytest.raises(KeyboardInterrupt):
            gate_source(DEBITS)
    assert state(delivery)[0] == "candidate"
    assert state(good)[0] == "acceptee"
    assert query(f"SELECT count(*) FROM raw_candidats.arcep__debits__{delivery}") == [(60,)]
    assert query("SELECT to_regclass('quarantaine.arcep__debits')") == [(None,)]
    report = gate_source(DEBITS)
    assert (report.acceptees, report.quarantaine, len(served())) == ([delivery], 3, 57)


KILLED = """
import os, signal
from pilotage import gate
from tests import portes
import pathlib, sys
from pilotage import suites
suites.EXPECTATIONS = pathlib.Path(sys.argv[1])
true_attach = gate.attach
def attach(connection, livraison):
    true_attach(connection, livraison)
    os.kill(os.getpid(), signal.SIGKILL)
gate.attach = attach
gate.gate_source(portes.DEBITS)
"""


@pytest.mark.lent
def test_a_killed_process_leaves_a_state_from_which_judging_again_gives_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_suite(monkeypatch, tmp_path)
    submit(rows(50))
    delivery = deliver(DEBITS, MILLESIME, FICHIER, content(changed(4, "9999", 3)))
    load_source(DEBITS)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=RACINE, capture_output=True, text=True)
    assert killed.returncode == -9, killed.stderr
    assert state(delivery)[0] == "candidate"
    assert len(served()) == 50
    report = gate_source(DEBITS)
    assert (report.acceptees, report.quarantaine, len(served())) == ([delivery], 3, 57)
    assert query("SELECT count(*) FROM quarantaine.arcep__debits") == [(3,)]
    assert query("SELECT tablename FROM pg_tables WHERE schemaname = 'raw_candidats'") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("suite: s\nlignes:\n  - {regle: r, attente: expect_table_row_count_to_equal, raison: ''}", None),
        ("suite: s\nattentes:\n  - {attente: expect_unicorns, raison: x}", None),
        ("suite: s\nattentes:\n  - {attente: expect_table_row_count_to_equal, value: 1}", "attentes.0.raison"),
        ("suite: s\nlignes:\n  - {regle: r, attente: a, condition: b, raison: x}", "lignes.0"),
        ("suite: s\nbidule: 1", "bidule"),
        ("suite: [", "YAML illisible"),
        (
            "suite: s\nlignes:\n  - {regle: r, attente: expect_column_values_to_be_between, column: c, raison: x}",
            "min_value",
        ),
        ("suite: s\nlignes:\n  - {forme: licorne, column: c, raison: x}", None),
    ],
)
def test_a_wrong_suite_is_named(text: str, expected: str | None, tmp_path: Path) -> None:
    path = tmp_path / "s.yml"
    path.write_text(text, encoding="utf-8")
    if expected is None:
        suite = load_suite(path)
        with pytest.raises(ErreurConfiguration):
            _judge_nothing(suite)
        return
    with pytest.raises(ErreurConfiguration, match=r"s\.yml") as caught:
        load_suite(path)
    assert expected in str(caught.value)


def _judge_nothing(suite: suites.Suite) -> None:
    from pilotage.jugement import _expectation

    for rank, rule in enumerate(suite.apply("s", simulation=True).regles):
        _expectation("s", rank, rule)
    raise AssertionError("nothing was refused")


@pytest.mark.parametrize("path", RAW_SUITES, ids=lambda p: p.stem)
def test_every_suite_cites_tables_and_columns_of_its_card(path: Path) -> None:
    from pilotage.jugement import _expectation
    from pilotage.table_controle import NUMBER_OF

    card, suite = load_catalogue()[path.stem], raw_suite(path.stem)
    tables = {table.table: set(table.noms) for table in card.tables}
    assert set(suite.tables) <= set(tables)
    for entry in [*suite.attentes, *suite.lignes]:
        known = tables[entry.table]
        assert set(entry.millesimes) | set(entry.sauf_millesimes) <= set(card.millesimes), entry.raison
        column = suites.READING.sub("", entry.arguments.get("column", ""))
        assert not column or column in known, f"{path.name} : {column}"
        assert set(NUMBER_OF.findall(getattr(entry, "condition", None) or "")) <= known, path.name
    for simulation in (True, False):
        for table, millesime in ((t, m) for t in tables for m in card.millesimes):
            rules = suite.apply(table, simulation=simulation, millesime=millesime).regles
            assert rules
            assert all(_expectation(path.stem, rank, rule) for rank, rule in enumerate(rules))


def test_every_source_has_its_suite() -> None:
    assert {path.stem for path in RAW_SUITES} == set(load_catalogue())


@pytest.mark.parametrize("forme", FORMES)
def test_a_form_says_what_is_wrong(forme: str) -> None:
    assert FORMES[forme].sens.endswith(".")


MARTS = """
suite: essai
attentes:
  - {table: fait, attente: expect_table_row_count_to_be_between, min_value: 3, max_value: 3, raison: Trois lignes.}
  - table: fait
    attente: expect_compound_columns_to_be_unique
    column_list: [code, millesime]
    raison: Une ligne par code et par millésime.
lignes:
  - {table: fait, regle: part_bornee, condition: part BETWEEN 0 AND 1, tolerance: TOLERANCE, raison: Une part.}
"""


@pytest.mark.parametrize(("tolerance", "kept"), [("0", False), ("0.4", True)])
def test_gate_2_refuses_a_generation_that_breaks_a_promise(
    tolerance: str, kept: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_suite(monkeypatch, tmp_path, MARTS.replace("TOLERANCE", tolerance), "marts/essai")
    monkeypatch.setattr("pilotage.porte_marts.schema", lambda nom, generation=None: f"{nom}__{generation}")
    with psycopg_connection() as connection:
        connection.execute("DROP SCHEMA IF EXISTS essai__g1 CASCADE")
        connection.execute("CREATE SCHEMA essai__g1")
        connection.execute("CREATE TABLE essai__g1.fait (code text, millesime text, part double precision)")
        connection.execute("INSERT INTO essai__g1.fait VALUES ('a', '1', 0.5), ('b', '1', NULL), ('b', '2', 3)")
    if kept:
        report = gate_axe("g1", "essai")
        assert (report.acceptees, report.controles) == (["fait"], 3)
    else:
        with pytest.raises(ErreurControle, match="Une part") as caught:
            gate_axe("g1", "essai")
        assert "fait" in str(caught.value)
    outcomes = query("SELECT succes FROM pilotage.controles WHERE generation = 'g1'")
    assert sorted(success for (success,) in outcomes) == [kept, True, True]


@pytest.fixture
def real(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PILOTAGE_SOURCES", str(mirror))
    return mirror


def test_a_real_national_file_enters_and_its_extracts_do_not(real: Path) -> None:
    path = real / DEBITS / MILLESIME / FICHIER
    good = deliver_file(DEBITS, MILLESIME, path)
    load_source(DEBITS)
    assert gate_source(DEBITS).acceptees == [good]
    lines = path.read_bytes().splitlines(keepends=True)
    for extract, reason in (
        (lines[:25_000], "Une ligne par commune"),
        (lines[:2] + [x for x in lines[2:] if x.split(b";")[2] == b"01"], "Cent un départements"),
    ):
        bad = deliver(DEBITS, MILLESIME, FICHIER, b"".join(extract))
        load_source(DEBITS)
        report = gate_source(DEBITS)
        assert report.refusees == [bad]
        assert reason in " ".join(report.messages)
    assert len(served()) == len(lines) - 2


def test_secret_marks_of_another_vintage_are_refused(real: Path) -> None:
    source, name = "insee__filosofi", "cc_filosofi_2019_COM.CSV"
    path = real / source / "2020" / "cc_filosofi_2020_COM.csv"
    head, _, body = path.read_bytes().partition(b"\n")
    deliver(source, "2019", name, head.replace(b"20;", b"19;").replace(b"RD20", b"RD19") + b"\n" + body)
    load_source(source)
    report = gate_source(source)
    assert len(report.refusees) == 1
    assert "secret_vide_en_2019" in " ".join(report.messages)


def test_a_set_that_is_not_the_one_expected_names_what_is_absent_and_what_is_too_many(warehouse: Settings) -> None:
    with psycopg_connection() as connection:
        connection.execute("CREATE TABLE raw.essai_valeurs AS SELECT unnest(ARRAY['a', 'b', 'c']) AS code")
    wanted = {"column": "code", "value_set": ["a", "b", "z"]}
    rules = [
        suites.Regle("ensemble", f"expect_column_distinct_values_to_{kind}_set", wanted, "Tous y sont.")
        for kind in ("equal", "contain")
    ]
    equal, contain = jugement.validate(
        warehouse, suite="essai", run="valeurs", schema="raw", table="essai_valeurs", rules=rules
    )
    assert not equal.succes and not contain.succes
    assert "Observé : absents : z ; en trop : c" in verdicts.explain_table_failure(equal)
    assert "Observé : absents : z" in verdicts.explain_table_failure(contain)
