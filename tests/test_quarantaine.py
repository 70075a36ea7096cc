"""Quarantine: exactly the rows that break a rule, where they stand in the file, and their way back."""

from __future__ import annotations

import csv
import io
import os
import random
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from pilotage import jugement, postgres
from pilotage.commandes.quarantaine import app
from pilotage.config import Settings, get_settings
from pilotage.database import get_engine, migrate, psycopg_connection, wait_accepting
from pilotage.gate import gate_source, replay_source
from pilotage.load import load_source
from pilotage.quarantaine import list_groups, read_rows
from tests.livraisons import deliver_file
from tests.portes import DEBITS, SUITE, clean, content, query, rows, served, state, submit, write_suite

HELD = "SELECT ligne, ligne_physique, regle, raison, contenu, etat FROM quarantaine.arcep__debits ORDER BY ligne"


@pytest.fixture(autouse=True)
def _clean(warehouse: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clean()
    write_suite(monkeypatch, tmp_path)


def damaged() -> list[list[str]]:
    """Sixty rows: a name on two lines, then four bad rows, one of them bad twice."""
    lines = rows()
    lines[2][1] = '"Sur deux\nlignes"'
    lines[5][0] = "1006"
    lines[10][4] = "99999"
    lines[20][4], lines[20][5] = "douze", "autre"
    lines[30][12] = "7"
    return lines


def test_a_bad_row_is_set_aside_with_rule_reason_and_place() -> None:
    delivery, report = submit(damaged())
    assert (report.acceptees, report.quarantaine) == ([delivery], 4)
    held = query(HELD)
    assert [(row[0], row[1], row[2]) for row in held] == [
        (6, 9, "code_insee_zeros_perdus"),
        (11, 14, "locaux_bornes"),
        (21, 24, "locaux_bornes"),
        (31, 34, "somme_exacte"),
    ]
    assert "zéro de tête" in held[0][3]
    assert "« 1006 »" in held[0][3]
    assert "Type de locaux" in held[2][3], "every reason is told"
    assert held[1][4]["nbr"] == "99999"
    assert len(served()) == 56
    assert query("SELECT nb_lignes, nb_quarantaine FROM pilotage.livraisons") == [(60, 4)]


def test_nothing_is_lost_between_file_raw_and_quarantine() -> None:
    submit(damaged())
    text = content(damaged()).decode()
    records = list(csv.DictReader(io.StringIO(text.partition("\n")[2], newline=""), delimiter=";"))
    kept = query("SELECT _ligne, code_insee, nbr FROM raw.arcep__debits")
    held = [(row[0], row[4]["code_insee"], row[4]["nbr"]) for row in query(HELD)]
    assert sorted([*kept, *held]) == [(n, r["code_insee"], r["nbr"]) for n, r in enumerate(records, start=1)]


def test_the_offending_rows_are_exactly_those_of_a_plain_count() -> None:
    dice = random.Random(2026)
    lines = rows(900)
    for line in lines:
        if dice.random() < 0.03:
            line[dice.choice((0, 4, 5, 12))] = dice.choice(
                ("", "1004", "-3", "1,5", "1 000", "x%s", "logloc", "é'\""[:2])
            )
    lines += [list(line) for line in dice.sample(lines, 6)]
    lines += [[*line[:1], "Autre", *line[2:]] for line in dice.sample(lines[:900], 4)]
    submit(lines)
    assert {row[0] for row in query(HELD)} == {rank for rank, _ in enumerate(lines, 1) if _is_bad(rank - 1, lines)}


def _is_bad(index: int, lines: list[list[str]]) -> bool:
    """The suite of these tests, said again in plain Python."""
    line = lines[index]
    code, total, kind = line[0], _number(line[4]), line[5]
    parts = [_number(value) for value in line[6:13]]
    known = None not in (total, *parts)
    same = [other for other in lines if other[0] == code]
    return (
        not (len(code) == 5 and code.isdigit() and code[:2] != "00")
        or (total is not None and not 0 <= total <= 1000)
        or (known and sum(parts) != total)
        or kind not in ("", "logloc")
        or line in lines[:index]
        or any(other != line for other in same)
    )


def _number(text: str) -> float | None:
    plain = text.replace(" ", "").replace(",", ".")
    if not plain:
        return None
    try:
        return float(plain)
    except ValueError:
        return float("-inf")


def test_more_bad_rows_than_tolerated_refuse_the_delivery() -> None:
    lines = rows()
    for line in lines[:13]:
        line[4] = "5000"
    bad, report = submit(lines)
    assert report.refusees == [bad]
    assert "13 lignes sur 60 (21,67\u00a0%, tolérance 20\u00a0%)" in report.messages[0]
    assert "Lignes du fichier : 3, 4, 5" in report.messages[0]
    assert query("SELECT to_regclass('quarantaine.arcep__debits')") == [(None,)]


def test_one_of_identical_rows_is_kept_and_none_of_contradictory_ones() -> None:
    twice, other = rows(1, 5)[0], rows(1, 6)[0]
    other[1] = "Autre nom"
    submit([*rows(), twice, other])
    assert [(row[0], row[2]) for row in query(HELD)] == [
        (6, "cle_contradictoire"),
        (61, "cle_repetee"),
        (62, "cle_contradictoire"),
    ]
    assert Counter(served())["01005"] == 1
    assert "01006" not in served()


def test_replay_puts_back_the_rows_that_the_present_rules_accept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    delivery, _ = submit(damaged())
    assert replay_source(DEBITS).acceptees == [], "the same rules free nothing"
    assert len(query(HELD)) == 4
    write_suite(
        monkeypatch, tmp_path, SUITE.replace("max_value: 1000", "max_value: 100000").replace("= nombre(nbr)", "> 0")
    )
    report = replay_source(DEBITS)
    assert report.acceptees == [delivery]
    assert report.quarantaine == 2
    assert [(row[0], row[5]) for row in query(HELD)] == [
        (6, "en_quarantaine"),
        (11, "rejouee"),
        (21, "en_quarantaine"),
        (31, "rejouee"),
    ]
    assert len(served()) == 58
    back = query("SELECT _livraison, _millesime, nbr FROM raw.arcep__debits WHERE _ligne = 11")
    assert back == [(delivery, "2019-09-30", "99999")]
    assert query("SELECT nb_quarantaine FROM pilotage.livraisons") == [(2,)]
    assert replay_source(DEBITS).acceptees == [], "a second replay has nothing left to free"
    assert len(served()) == 58
    assert query("SELECT tablename FROM pg_tables WHERE schemaname = 'raw_candidats'") == []


def test_a_quarantined_copy_does_not_come_back_beside_its_original() -> None:
    submit([*rows(), rows(1)[0]])
    replay_source(DEBITS)
    assert Counter(served())["01001"] == 1


def test_rows_of_a_replaced_delivery_are_put_away() -> None:
    first, _ = submit(damaged())
    submit(rows(61))
    assert state(first)[0] == "remplacee"
    assert {row[5] for row in query(HELD)} == {"ecartee"}
    assert replay_source(DEBITS).messages == []
    assert list_groups() == []


def test_judging_the_same_delivery_again_replaces_what_it_had_set_aside() -> None:
    submit(damaged())
    submit(damaged())
    assert len(query(HELD)) == 4
    assert len(served()) == 56


@pytest.fixture
def fragile(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server of one's own, to kill."""
    folder = Path(tempfile.mkdtemp(prefix="pilotage-pg-"))
    folder.chmod(0o755)
    own = Settings(postgres_dir=folder)
    postgres.start(own)
    monkeypatch.setenv("DATABASE_URL", postgres.embedded_url(own))
    migrate(get_settings())
    try:
        yield
    finally:
        forget_connections()
        postgres.stop(own)
        shutil.rmtree(folder, ignore_errors=True)


def forget_connections() -> None:
    jugement._context.cache_clear()
    get_engine().dispose()


def test_rows_are_numbered_on_after_a_crash_of_postgresql(fragile: None) -> None:
    """A sequence born in the transaction that first draws from it goes back at a crash (`wal_level=minimal`)."""
    for removed in (0, 1):
        submit(damaged()[: 60 - removed])
    before = query("SELECT max(id), count(*) FROM quarantaine.arcep__debits")
    with suppress(psycopg.OperationalError), psycopg_connection() as connection:
        os.kill(connection.info.backend_pid, signal.SIGKILL)  # the server ends all, and recovers
        while True:
            connection.execute("SELECT 1")
    forget_connections()
    wait_accepting(get_settings())
    submit(damaged()[:58])
    assert query("SELECT max(id), count(*) FROM quarantaine.arcep__debits") == [(before[0][0] + 4, before[0][1] + 4)]


def test_the_command_lists_shows_and_replays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run = CliRunner().invoke
    assert "Aucune ligne en quarantaine" in run(app).output
    submit(damaged())
    listed = run(app).output
    assert "locaux_bornes : 2 lignes" in listed
    assert "ligne 14" in listed
    shown = run(app, ["montrer", DEBITS]).output
    assert "2019-09-30/commune-debit-beta.csv, ligne 9 (code_insee_zeros_perdus)" in shown
    assert "nbr = « 99999 »" in shown
    write_suite(monkeypatch, tmp_path, SUITE.replace("max_value: 1000", "max_value: 100000"))
    assert "lignes remises dans leur livraison : 0" in run(app, ["rejouer", DEBITS]).output


def test_personal_values_are_masked_on_screen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from pilotage import quarantaine
    from pilotage.catalogue import get_source

    submit(damaged())
    card = get_source(DEBITS)
    table = card.tables[0]
    hidden = [c.model_copy(update={"personnel": c.nom == "nom_com"}) for c in table.colonnes]
    secret = card.model_copy(update={"tables": [table.model_copy(update={"colonnes": hidden})]})
    monkeypatch.setattr(quarantaine, "get_source", lambda _: secret)
    assert {row["contenu"]["nom_com"] for row in read_rows(DEBITS)} == {"(donnée personnelle)"}


@pytest.mark.parametrize(
    ("source", "separator", "skip"),
    [("anct__conseillers_numeriques", ";", 0), ("arcep__sites_mobiles", ";", 0)],
)
def test_real_files_lose_only_their_identical_rows(
    source: str, separator: str, skip: int, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("PILOTAGE_SOURCES", str(mirror))
    expected = 0
    for path in sorted(p for p in (mirror / source).rglob("*") if p.is_file()):
        deliver_file(source, path.parent.name, path)
        with path.open(encoding="utf-8", newline="") as handle:
            records = list(csv.reader(handle, delimiter=separator))[1 + skip :]
        expected += sum(n - 1 for n in Counter(map(tuple, records)).values())
    load_source(source)
    report = gate_source(source)
    assert not report.refusees
    assert expected > 0
    assert report.quarantaine == expected
