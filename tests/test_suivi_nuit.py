"""A night followed, shown and measured, against a platform that plays its part."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from pilotage.config import Settings
from pilotage.orchestration import ErreurOrchestration, affichage, mesures, nuit, plateforme
from pilotage.orchestration.affichage import Affichage, Pas
from pilotage.orchestration.plan import ACTIFS, DAGS


class FakeApi:
    """States of runs as a scenario gives them; an event wakes the next DAG unless it is in `muets`."""

    url = "http://127.0.0.1:1"

    def __init__(self, etats: dict[str, list[str]], conclure: str = "success", muets: tuple[str, ...] = ()) -> None:
        self.etats, self.conclure, self.muets = {dag: iter(states) for dag, states in etats.items()}, conclure, muets
        self.suivis: list[tuple[str, str]] = []
        self.echecs: list[dict] = []

    def run(self, dag: str, run_id: str) -> dict:
        self.suivis.append((dag, run_id))
        return {"state": next(self.etats[dag])}

    def task(self, dag: str, run_id: str, task_id: str) -> dict:
        return {"state": self.conclure}

    def tasks(self, dag: str, run_id: str, state: str) -> list[dict]:
        return [task for task in self.echecs if task["dag_id"] == dag]

    def awakened_by(self, dag: str, run_id: str, asset: str) -> dict[str, str]:
        assert asset == ACTIFS[DAGS.index(dag)]
        return {} if dag in self.muets else {DAGS[DAGS.index(dag) + 1]: f"par {asset}"}


class FakePlatform:
    airflow_demarre = True

    def __init__(self, settings: Settings, api: FakeApi) -> None:
        self.settings, self.api = settings, api

    def check_alive(self) -> None:
        return None


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("PILOTAGE_HOME", str(tmp_path))
    return Settings(sources="simulation")


@pytest.fixture(autouse=True)
def _no_database(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(nuit, "read_steps", lambda _: {})
    monkeypatch.setattr(nuit, "PERIODE_S", 0.0)
    monkeypatch.setattr(nuit, "DELAI_REVEIL_S", 0.05)
    yield


def _night(settings: Settings, api: FakeApi) -> nuit.Nuit:
    console = Console(force_terminal=False, file=io.StringIO())
    return nuit.Nuit("nuit_1", FakePlatform(settings, api), Affichage(console, ["a__b", "c__d"]))


def _failed(dag: str, task: str, objet: str | None = None) -> dict:
    return {
        "dag_id": dag,
        "dag_run_id": "nuit_1",
        "task_id": task,
        "map_index": 0 if objet else -1,
        "rendered_map_index": objet,
        "try_number": 1,
    }


def _write_log(settings: Settings, task: dict, *events: dict) -> Path:
    log = nuit.log_of_task(settings, task)
    log.parent.mkdir(parents=True)
    log.write_text("\n".join(["not json", *map(json.dumps, events)]) + "\n")
    return log


def test_the_chain_is_followed_from_event_to_event(settings: Settings) -> None:
    api = FakeApi({dag: ["queued", "running", "success"] for dag in DAGS})
    night = _night(settings, api)
    night.follow()
    assert list(dict.fromkeys(api.suivis)) == [
        ("ingestion", "nuit_1"),
        ("entrepot", "par livraisons"),
        ("recommandation", "par entrepot"),
        ("publication", "par recommandation"),
    ]
    assert not night.inchangee
    assert set(night.durees) == set(DAGS)


def test_a_night_without_change_ends_after_ingestion(settings: Settings) -> None:
    night = _night(settings, FakeApi({"ingestion": ["success"]}, conclure="skipped"))
    night.follow()
    assert night.inchangee
    assert list(night.durees) == ["ingestion"]


def test_a_failed_run_tells_the_task_its_error_and_its_log(settings: Settings) -> None:
    api = FakeApi({"ingestion": ["success"], "entrepot": ["running", "failed"]})
    task = _failed("entrepot", "controler_usages")
    api.echecs = [task]
    detail = [{"exc_type": "ErreurControle", "exc_value": "couverture de 40 %"}]
    log = _write_log(settings, task, {"level": "info", "event": "x"}, {"level": "error", "error_detail": detail})
    with pytest.raises(ErreurOrchestration) as caught:
        _night(settings, api).follow()
    for expected in ("entrepot a échoué", "controler_usages : ErreurControle : couverture de 40 %", str(log)):
        assert expected in str(caught.value)


def test_a_failed_export_does_not_say_that_nothing_was_published(settings: Settings) -> None:
    api = FakeApi({**{dag: ["success"] for dag in DAGS}, "publication": ["failed"]})
    api.echecs = [_failed("publication", "exporter")]
    with pytest.raises(ErreurOrchestration, match="la nouvelle version est publiée, mais pas ses exports"):
        _night(settings, api).follow()


def test_a_source_down_is_remembered_and_the_night_goes_on(settings: Settings) -> None:
    api = FakeApi({dag: ["success"] for dag in DAGS})
    api.echecs = [_failed("ingestion", "traiter.fetch", "a__b"), _failed("ingestion", "traiter.load", "a__b")]
    night = _night(settings, api)
    night.follow()
    assert list(night.sources_en_echec) == ["a__b"]
    assert [line.split(" : ")[0] for line in night.sources_en_echec["a__b"]] == ["fetch", "load"]


def test_an_event_that_wakes_nobody_is_an_error(settings: Settings) -> None:
    api = FakeApi({dag: ["success"] for dag in DAGS}, muets=("entrepot",))
    with pytest.raises(ErreurOrchestration, match="« entrepot » n'a pas réveillé le DAG recommandation"):
        _night(settings, api).follow()


def test_a_night_where_every_source_failed_is_a_failure(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pilotage.bilan.print_bilan", lambda *_: None)
    night = _night(settings, FakeApi({}))
    night.sources_en_echec = {"a__b": ["fetch : x"]}
    assert nuit.conclude(night, night.affichage.console) == 0
    night.sources_en_echec["c__d"] = ["fetch : y"]
    with pytest.raises(ErreurOrchestration, match="aucune source"):
        nuit.conclude(night, night.affichage.console)


def test_a_night_stopped_half_way_stays_marked(settings: Settings) -> None:
    mark = plateforme.night_mark(settings)
    mark.parent.mkdir(parents=True)
    mark.write_text("nuit_1")
    night = _night(settings, FakeApi({}))
    for active, kept in (([{"dag_run_id": "nuit_1"}], True), ([], False)):
        night.platform.api.active_runs = lambda _, active=active: active
        nuit.forget_mark(night)
        assert mark.exists() is kept


class BusyApi(FakeApi):
    def __init__(self) -> None:
        super().__init__({})
        self.actives, self.faits = {"entrepot": [{"dag_run_id": "hier"}]}, []

    def active_runs(self, dag: str) -> list[dict]:
        return self.actives.get(dag, [])

    def fail_run(self, dag: str, run_id: str, note: str) -> None:
        self.actives.pop(dag)
        self.faits.append(("fail_run", dag, run_id))

    def trigger(self, dag: str, run_id: str, conf: dict) -> None:
        self.faits.append(("trigger", dag, run_id))

    def forget_queued_events(self, dag: str) -> None:
        self.faits.append(("forget", dag))

    def ensure_pool(self, *_: object) -> None:
        return None

    set_paused = ensure_pool


def test_runs_left_by_an_interrupted_night_are_closed_before_a_new_one(settings: Settings) -> None:
    api = BusyApi()
    nuit.launch(_night(settings, api))
    assert api.faits[0] == ("forget", "ingestion")
    assert ("fail_run", "entrepot", "hier") in api.faits
    assert api.faits[-1] == ("trigger", "ingestion", "nuit_1")


def test_a_night_of_a_platform_kept_up_is_never_closed(settings: Settings) -> None:
    api = BusyApi()
    night = _night(settings, api)
    night.platform.airflow_demarre = False
    with pytest.raises(ErreurOrchestration, match="déjà en cours : hier"):
        nuit.launch(night)
    assert api.faits == []


def test_the_simulation_is_announced_loudly(settings: Settings) -> None:
    with Console(record=True, file=io.StringIO()) as console:
        nuit.announce(settings, console)
    assert "DONNÉES SIMULÉES" in console.export_text()


def test_an_error_of_a_task_is_told_without_its_statement(tmp_path: Path) -> None:
    detail = {"exc_type": "OperationalError", "exc_value": "(psycopg) server closed\n[SQL: SELECT 1]\n[parameters: 2]"}
    log = tmp_path / "attempt=1.log"
    log.write_text(json.dumps({"level": "error", "event": "Task failed", "error_detail": [detail]}) + "\n")
    assert nuit.last_errors(log) == ["OperationalError : (psycopg) server closed"]


def test_a_simulation_read_from_a_folder_is_not_given_a_size(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "SIMULATION").write_text("{}")
    with Console(record=True, file=io.StringIO(), width=300) as console:
        nuit.announce(settings.model_copy(update={"sources": str(tmp_path)}), console)
    told = console.export_text()
    assert "DONNÉES SIMULÉES" in told and f"lu dans {tmp_path}" in told and "1200" not in told


def test_errors_of_a_log_that_is_not_there_are_none(tmp_path: Path) -> None:
    assert nuit.last_errors(tmp_path / "none.log") == []


def _pas(etape: str, objet: str, etat: str = "reussie", lignes: int | None = None) -> Pas:
    return Pas(etape, objet, etat, lignes, "mot", 1.25)


def _shown(display: Affichage, *steps: Pas) -> str:
    display.update("ingestion", {(pas.etape, pas.objet): pas for pas in steps})
    return display.console.export_text()


def test_outside_a_terminal_each_ended_step_is_one_line_once() -> None:
    console = Console(record=True, file=io.StringIO(), force_terminal=False, width=200)
    display = Affichage(console, ["a__b"])
    running = _pas("load", "a__b", "en_cours")
    first = _shown(display, _pas("fetch", "a__b", lignes=34875), running)
    assert first.count("a__b : fetch réussie en 1.2 s, 34 875 lignes ; mot") == 1
    assert "load" not in first
    assert _shown(display, _pas("fetch", "a__b", lignes=34875), running) == ""


def test_in_a_terminal_a_source_is_one_line_with_its_rows_and_seconds() -> None:
    console = Console(record=True, file=io.StringIO(), force_terminal=True, width=120, height=40)
    display = Affichage(console, ["a__b", "c__d"])
    steps = [_pas("fetch", "a__b"), _pas("load", "a__b", lignes=1200), _pas("gate", "a__b")]
    console.print(display._table({(p.etape, p.objet): p for p in [*steps, _pas("build", "usages", "echouee")]}))
    lines = console.export_text().splitlines()
    source = next(line for line in lines if line.startswith("a__b"))
    assert source.split() == ["a__b", "✓", "✓", "✓", "1", "200", "3.8"]
    assert any(line.split()[:3] == ["usages", "build", "✗"] for line in lines)


def test_a_low_terminal_keeps_failures_and_what_runs() -> None:
    lines = [(f"s{i}__x", [_pas("fetch", f"s{i}__x")]) for i in range(20)]
    lines[13] = ("s13__x", [_pas("fetch", "s13__x", "echouee")])
    lines[17] = ("s17__x", [_pas("fetch", "s17__x", "en_cours")])
    kept = [name for name, _ in affichage._that_fit(lines, 6)]
    assert len(kept) == 6
    assert {"s13__x", "s17__x"} <= set(kept)


def test_a_retry_replaces_the_attempt_before_it(warehouse: Settings) -> None:
    from pilotage.suivi import suivre_etape

    with pytest.raises(ValueError), suivre_etape("nuit_9", "fetch", "a__b"):
        raise ValueError("first")
    with suivre_etape("nuit_9", "fetch", "a__b") as journal:
        journal.lignes = 5
    steps = affichage.read_steps("nuit_9")
    assert list(steps) == [("fetch", "a__b")]
    assert (steps["fetch", "a__b"].etat, steps["fetch", "a__b"].lignes) == ("reussie", 5)


def test_an_attempt_that_was_killed_is_closed_by_the_next_one(warehouse: Settings) -> None:
    from pilotage.database import psycopg_connection
    from pilotage.suivi import suivre_etape

    with psycopg_connection() as connection:
        connection.execute(
            "INSERT INTO pilotage.etapes (nuit, etape, objet, etat) VALUES ('n1', 'load', 'c', 'en_cours')"
        )
    with suivre_etape("n2", "load", "c"):
        steps = affichage.read_steps("n1")
        assert steps["load", "c"].etat == "echouee" and "interrompue" in (steps["load", "c"].message or "")
    assert affichage.read_steps("n2")["load", "c"].etat == "reussie"


def test_measures_hold_each_step_and_the_peak_of_its_heaviest_process(settings: Settings) -> None:
    heavy = "x = bytearray(300_000_000); x[::4096] = b'1' * len(x[::4096])"
    with mesures.measure_step("nuit_1", "load", "a__b"):
        subprocess.run([sys.executable, "-c", heavy], check=True)
    with pytest.raises(ValueError), mesures.measure_step("nuit_1", "gate", "a__b"):
        raise ValueError
    sampler = mesures.Sampler({"essai": os.getpid()})
    sampler.sample()
    file = mesures.write_measures(settings, "nuit_1", {"ensemble": 1.234}, sampler)
    found = json.loads(file.read_text())
    assert {(step["etape"], step["objet"]) for step in found["etapes"]} == {("load", "a__b"), ("gate", "a__b")}
    assert max(step["memoire_mo"] for step in found["etapes"]) >= 286
    assert found["memoire_max_par_processus_mo"]["essai"] > 10
    assert found["durees_s"] == {"ensemble": 1.23}
