"""The state: read from a warehouse, judged by thresholds, shown in eighty columns, true even when nothing answers."""

from __future__ import annotations

import datetime as dt
import io
import json
import shutil
import ssl
from pathlib import Path

import certifi
import httpx
import pytest
from rich.console import Console
from typer.testing import CliRunner

from pilotage.__main__ import app
from pilotage.budget import Seuils
from pilotage.config import Settings
from pilotage.errors import ErreurConfiguration
from pilotage.etat import machine, releve
from pilotage.etat.ecran import print_etat
from pilotage.etat.jugement import ATTENTION, BIEN, CRITIQUE, INCONNU, PARTIES, judge, worst
from pilotage.etat.modele import ARRETEE, JAMAIS, MUETTE, REPOND, VIDE, Airflow, Alertes, Disque, Quarantaine, Refus
from tests.releves import GO, MAINTENANT, fill_journal, make_entrepot, make_releve

PEU = Alertes(semaine=1, budget=10, non_lues=0, critiques_non_lues=0, par_severite={})
MISES_DE_COTE = Quarantaine(source="a__b", lignes=6, sur=100, plus_ancienne=MAINTENANT)
DEAD = "postgresql://personne@127.0.0.1:1/rien"


def _level(partie: str, **changes) -> int:
    return {v.partie: v.niveau for v in judge(make_releve(**changes), Seuils())}[partie]


def _night(**changes):
    return make_entrepot(nuit=make_entrepot().nuit.model_copy(update=changes))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PILOTAGE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PILOTAGE_CRON", raising=False)
    return tmp_path / "home"


def _run(*arguments: str):
    return CliRunner().invoke(app, ["etat", *arguments], env={"COLUMNS": "80"})


def _with_disk(monkeypatch: pytest.MonkeyPatch, used: int, free: int, total: int) -> None:
    """A file system of the test's own: what else fills this machine is not what is tested."""
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(total, used, free))


def test_an_empty_home_is_unknown_and_stays_empty(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _with_disk(monkeypatch, 50 * GO, 50 * GO, 100 * GO)
    done = _run()
    assert done.exit_code == INCONNU
    assert "jamais démarré" in done.output and "données simulées" in done.output
    assert not home.exists(), "looking must not write, nor start anything"


def test_what_nobody_may_use_is_not_part_of_the_disk(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _with_disk(monkeypatch, 30 * GO, 40 * GO, 270 * GO)
    verdict = next(v for v in judge(releve.take(), Seuils()) if v.partie == "disque")
    assert verdict.niveau == BIEN and "(57 %)" in verdict.message
    _with_disk(monkeypatch, 90 * GO, 10 * GO, 270 * GO)
    assert {v.partie: v.niveau for v in judge(releve.take(), Seuils())}["disque"] == ATTENTION


def test_a_server_that_does_not_answer_is_critical(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", DEAD)
    done = _run("--format", "json")
    content = json.loads(done.stdout)
    assert (done.exit_code, content["code"], content["base"]) == (CRITIQUE, CRITIQUE, MUETTE)
    assert content["entrepot"] is None


def test_a_database_without_a_warehouse_is_critical(home: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", server.replace("postgresql+psycopg", "postgresql"))
    found = releve.take()
    assert found.base == VIDE and "pilotage" in found.base_detail
    assert worst(judge(found, Seuils())) == CRITIQUE


def test_a_bad_setting_is_unknown_not_a_traceback(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILOTAGE_CRON", "tous les soirs")
    done = _run()
    assert done.exit_code == INCONNU and done.stdout == ""


@pytest.fixture(scope="module")
def rempli(warehouse: Settings) -> tuple[Settings, str]:
    return warehouse, fill_journal(warehouse)


def test_the_warehouse_is_read_whole(rempli: tuple[Settings, str]) -> None:
    settings, late = rempli
    found = releve.take(settings)
    entrepot = found.entrepot
    assert found.base == REPOND and entrepot.simulee is True
    assert (entrepot.nuit.nom, entrepot.nuit.etat) == ("nuit_1", "échouée"), "the one source tried has failed"
    assert [(e.etape, e.objet) for e in entrepot.nuit.echecs] == [("gate", "insee__communes")]
    ages = {source.source: source.retard_jours for source in entrepot.sources}
    assert ages[late] > 0 and "insee__communes" not in ages
    assert "insee__communes" in entrepot.jamais_recues
    assert entrepot.visible.generation == "g20261128t040000" and len(entrepot.generations) == 2
    assert [(s.suite, s.tenues, s.bloquantes) for s in entrepot.suites] == [("usages", 1, 0)]
    assert [(r.source, r.motif) for r in entrepot.refus] == [("insee__communes", "colonne\nabsente")]
    assert [(q.source, q.lignes, q.sur) for q in entrepot.quarantaine] == [("insee__departements", 1, 100)]
    assert entrepot.tables == {"usages.fait_a": 7} and entrepot.octets > 10**6


def test_the_screen_holds_in_eighty_columns(rempli: tuple[Settings, str]) -> None:
    settings, late = rempli
    found = releve.take(settings)
    verdicts = judge(found, Seuils())
    for tout in (False, True):
        console = Console(file=io.StringIO(), width=80, record=True)
        print_etat(found, verdicts, worst(verdicts), console, tout=tout)
        shown = console.export_text()
        assert max(map(len, shown.splitlines())) <= 80
        assert "données simulées" in shown and late in shown
        (reason,) = [line for line in shown.splitlines() if line.startswith("✗ gate")]
        assert "livraison refusée : colonne absente" in reason
        assert ("ign__contours_communes" in shown) is tout, "sources never received are folded"


def test_what_a_night_noted_is_told_when_the_server_is_down(
    rempli: tuple[Settings, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, late = rempli
    releve.note(settings)
    monkeypatch.setenv("DATABASE_URL", DEAD)
    found = releve.take()
    assert found.de_memoire and found.base == MUETTE
    assert late in {source.source for source in found.entrepot.sources}
    assert {v.partie: v.niveau for v in judge(found, Seuils())}["base"] == CRITIQUE
    releve.state_file(settings).write_text("{")
    assert releve.take().entrepot is None, "a damaged state file is nothing known"


def test_noting_never_fails_a_night(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.parent.mkdir(exist_ok=True)
    home.write_text("a file where a folder should be")
    releve.note()


def test_an_embedded_server_at_rest_is_well_when_its_state_is_known() -> None:
    assert _level("base", base=ARRETEE) == BIEN
    assert _level("base", base=ARRETEE, entrepot=None) == INCONNU
    assert _level("base", base=JAMAIS, entrepot=None) == INCONNU


@pytest.mark.parametrize(
    ("partie", "changes", "niveau"),
    [
        ("airflow", {"airflow": Airflow(etat="arrêté")}, BIEN),
        ("airflow", {"airflow": Airflow(etat="muet", adresse="http://x")}, CRITIQUE),
        ("airflow", {"airflow": Airflow(etat="répond", composants={"scheduler": "unhealthy"})}, CRITIQUE),
        ("nuit", {"entrepot": make_entrepot(nuit=None)}, INCONNU),
        ("nuit", {"entrepot": _night(etat="partielle")}, ATTENTION),
        ("nuit", {"entrepot": _night(etat="échouée")}, CRITIQUE),
        ("nuit", {"entrepot": _night(fin=MAINTENANT - dt.timedelta(hours=27))}, ATTENTION),
        ("nuit", {"entrepot": _night(fin=MAINTENANT - dt.timedelta(hours=51))}, CRITIQUE),
        ("nuit", {"entrepot": _night(fin=MAINTENANT - dt.timedelta(hours=51)), "cron": ""}, BIEN),
        ("generation", {"entrepot": make_entrepot(generations=[])}, CRITIQUE),
        ("portes", {"entrepot": make_entrepot(refus=[Refus(source="a", fichier="b", motif="c", le=None)])}, ATTENTION),
        ("quarantaine", {"entrepot": make_entrepot(quarantaine=[MISES_DE_COTE])}, ATTENTION),
        ("disque", {"disque": Disque(parties={}, libre=10 * GO, total=100 * GO)}, ATTENTION),
        ("disque", {"disque": Disque(parties={}, libre=4 * GO, total=100 * GO)}, CRITIQUE),
        ("disque", {"disque": Disque(parties={}, libre=60 * GO, total=100 * GO, jours_restants=5)}, CRITIQUE),
        ("alertes", {"alertes": PEU.model_copy(update={"semaine": 11})}, ATTENTION),
        ("alertes", {"alertes": PEU.model_copy(update={"critiques_non_lues": 1})}, ATTENTION),
    ],
)  # fmt: skip
def test_each_part_is_judged_by_its_threshold(partie: str, changes: dict, niveau: int) -> None:
    assert _level(partie) == BIEN, "the reading that all start from is well"
    assert _level(partie, **changes) == niveau


def test_late_sources_are_a_share_of_those_served() -> None:
    sources = make_entrepot().sources
    late = [source.model_copy(update={"age_jours": 900}) for source in sources]
    assert _level("fraicheur", entrepot=make_entrepot(sources=[late[0], sources[1]])) == BIEN
    assert _level("fraicheur", entrepot=make_entrepot(sources=late)) == CRITIQUE
    assert _level("fraicheur", entrepot=make_entrepot(sources=[])) == INCONNU


def test_critical_prevails_over_warning_over_unknown_over_well() -> None:
    verdicts = judge(make_releve(), Seuils())
    assert worst(verdicts) == BIEN and [v.partie for v in verdicts] == list(PARTIES)
    assert worst(judge(make_releve(entrepot=None, base=JAMAIS), Seuils())) == INCONNU
    assert worst(judge(make_releve(entrepot=None, base=JAMAIS, airflow=Airflow(etat="muet")), Seuils())) == CRITIQUE


def test_days_left_follow_the_growth_of_the_last_month() -> None:
    history = [(MAINTENANT - dt.timedelta(days=d), (100 - d) * GO) for d in range(10, -1, -1)]
    assert machine.days_left(history, 50 * GO, MAINTENANT) == 50.0
    assert machine.days_left(history[-2:], 50 * GO, MAINTENANT) is None, "two points tell nothing"
    assert machine.days_left(history, 50 * GO, MAINTENANT + dt.timedelta(days=60)) is None, "nor do old ones"
    shrinking = [(moment, -size) for moment, size in history]
    assert machine.days_left(shrinking, 50 * GO, MAINTENANT) is None


def test_the_home_is_measured_by_part_and_once_an_hour(home: Path) -> None:
    settings = Settings()
    settings.exports.mkdir(parents=True)
    (settings.exports / "a.csv").write_bytes(b"x" * 100_000)
    (home / "b").write_bytes(b"x" * 50_000)
    disk = machine.read_disque(settings, None, MAINTENANT)
    assert 100_000 <= disk.parties["exports"] < 120_000 and 50_000 <= disk.parties["autres"] < 70_000
    assert disk.parties["depot"] == disk.parties["base"] == 0 and disk.jours_restants is None
    for minutes in (0, 10, 70):
        machine.note_disque(settings, disk, MAINTENANT + dt.timedelta(minutes=minutes))
    assert len((settings.logs / "disque.jsonl").read_text().splitlines()) == 2
    with (settings.logs / "disque.jsonl").open("a") as journal:
        journal.write('{"quand": "2026-11-\nnull\n{"quand": "2026-11-28"}\n')  # a disk that filled up
    assert machine.read_disque(settings, None, MAINTENANT).jours_restants is None


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-28T08:00:00+00:00", "2026-11-29T03:00:00+01:00"),
        ("2026-07-01T08:00:00+00:00", "2026-07-02T03:00:00+02:00"),
    ],
)
def test_the_next_night_is_told_in_paris_time(home: Path, now: str, expected: str) -> None:
    _, following = machine.next_run(dt.datetime.fromisoformat(now))
    assert following == dt.datetime.fromisoformat(expected)


def test_nights_by_hand_have_no_next_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILOTAGE_CRON", "")
    assert machine.next_run(MAINTENANT) == ("", None)
    monkeypatch.setenv("PILOTAGE_CRON", "99 3 * * *")
    with pytest.raises(ErreurConfiguration, match="PILOTAGE_CRON"):
        machine.next_run(MAINTENANT)


def test_alerts_count_against_the_week_until_they_are_read(home: Path) -> None:
    settings = Settings()
    settings.logs.mkdir(parents=True)
    ages = [(1, "critique", None), (2, "avertissement", None), (3, "critique", "motif"), (9, "critique", None)]
    lines = [
        json.dumps({"quand": (MAINTENANT - dt.timedelta(days=d)).isoformat(), "severite": s, "muette": m})
        for d, s, m in ages
    ]
    (settings.logs / "alertes.jsonl").write_text("\n".join([*lines, '{"quand": "2026-']) + "\n")
    told = machine.read_alertes(settings, 10, MAINTENANT)
    assert (told.semaine, told.non_lues, told.critiques_non_lues) == (2, 3, 2)
    assert told.par_severite == {"avertissement": 1, "critique": 3}
    machine.mark_read(settings, MAINTENANT - dt.timedelta(days=1, hours=1))
    assert machine.read_alertes(settings, 10, MAINTENANT).non_lues == 1


def test_airflow_is_silent_when_it_should_run(home: Path) -> None:
    settings = Settings()
    assert machine.read_airflow(settings).etat == "arrêté"
    (home / "airflow").mkdir(parents=True)
    (home / "airflow" / "etat.json").write_text('{"port": 1}')
    assert machine.read_airflow(settings).etat == "muet"


def test_airflow_is_asked_where_it_listens_and_by_whom_containers_believe(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[str, object]] = []

    def get(address: str, *, verify: object, **_: object) -> httpx.Response:
        asked.append((address, verify))
        return httpx.Response(200, json={"scheduler": {"status": "healthy"}}, request=httpx.Request("GET", address))

    monkeypatch.setattr(machine.httpx, "get", get)
    (home / "airflow").mkdir(parents=True)
    (home / "airflow" / "etat.json").write_text('{"port": 8081}')
    monkeypatch.setenv("PILOTAGE_ADRESSE_API", "192.0.2.7")
    assert machine.read_airflow(Settings()).etat == "répond"
    (home / "airflow" / "etat.json").unlink()
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", "https://api-server:8080/execution/")
    monkeypatch.setenv("AIRFLOW__API__SSL_CERT", certifi.where())
    assert machine.read_airflow(Settings()).etat == "répond"
    monkeypatch.setenv("AIRFLOW__API__SSL_CERT", str(tmp_path / "absente"))
    assert machine.read_airflow(Settings()).etat == "muet"
    (hand, _), (contained, verify) = asked
    assert hand.startswith("http://192.0.2.7:8081/") and contained.startswith("https://api-server:8080/api/")
    assert isinstance(verify, ssl.SSLContext) and verify.verify_mode == ssl.CERT_REQUIRED
