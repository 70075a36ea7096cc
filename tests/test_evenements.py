"""OpenLineage: off unless asked, whole lines, lasting names, no secret, from the producer to the marts."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import multiprocessing
import uuid
from pathlib import Path

import pytest
from openlineage.client.client import OpenLineageClient
from openlineage.client.event_v2 import Job, Run, RunEvent, RunState

from pilotage.config import Settings, get_settings
from pilotage.errors import ErreurConfiguration
from pilotage.evenements import emission, reglage
from pilotage.evenements.dbt import emit_build
from pilotage.evenements.transport import GARDES_JOURS
from pilotage.orchestration import ouvriers
from tests.artefacts_dbt import GENERATION, write_artefacts
from tests.releves import fill_journal


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PILOTAGE_HOME", str(tmp_path))
    monkeypatch.setenv("PILOTAGE_OPENLINEAGE", "dossier")
    monkeypatch.setenv("DATABASE_URL", "postgresql://pilotage:tres_secret@base.example:5433/entrepot")
    return tmp_path


def read_events(home: Path) -> list[dict]:
    files = sorted((home / "journaux" / "openlineage").glob("*.jsonl"))
    whole = [line for file in files for line in file.read_text(encoding="utf-8").split("\n")[:-1]]
    return [json.loads(line) for line in whole]


def edges(events: list[dict]) -> set[tuple[str, str]]:
    """(input, output) of every run that ended well or tells of itself."""
    told = [e for e in events if e["eventType"] in ("COMPLETE", "RUNNING")]
    return {(i["name"], o["name"]) for e in told for i in e.get("inputs", []) for o in e.get("outputs", [])}


def reachable(links: set[tuple[str, str]], start: str) -> set[str]:
    found, pending = {start}, [start]
    while pending:
        here = pending.pop()
        for after in {b for a, b in links if a == here} - found:
            found.add(after)
            pending.append(after)
    return found


def _event(name: str, size: int = 0) -> RunEvent:
    job = Job(namespace="essai", name=name + "x" * size)
    run = Run(runId=str(uuid.uuid4()))
    return RunEvent(
        eventType=RunState.START, eventTime="2026-11-28T03:00:00Z", run=run, job=job, producer="https://x.fr"
    )


def test_off_costs_airflow_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILOTAGE_OPENLINEAGE", "")
    assert reglage.airflow_variables(Settings()) == {"AIRFLOW__OPENLINEAGE__DISABLED": "True"}
    assert emission.emit(Settings(), [_event("a")]) == 0
    assert emit_build(Settings(), write_artefacts(home / "dbt"), GENERATION) == 0
    emission.attribute("fetch", ["x"])
    assert read_events(home) == []


@pytest.mark.parametrize("value", ["http://ailleurs.example", "ftp://x", "oui", "fichier"])
def test_an_address_without_tls_or_anything_else_is_refused(home: Path, monkeypatch, value: str) -> None:
    monkeypatch.setenv("PILOTAGE_OPENLINEAGE", value)
    with pytest.raises(ErreurConfiguration, match="PILOTAGE_OPENLINEAGE"):
        reglage.destination()


def test_a_server_receives_events_with_its_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILOTAGE_OPENLINEAGE", "https://lignage.example/")
    monkeypatch.setenv("PILOTAGE_OPENLINEAGE_CLE", "cle")
    config = reglage.transport(Settings())
    assert config["url"] == "https://lignage.example" and config["auth"] == {"type": "api_key", "apiKey": "cle"}
    variables = reglage.airflow_variables(Settings())
    assert json.loads(variables["AIRFLOW__OPENLINEAGE__TRANSPORT"]) == config
    assert OpenLineageClient(config={"transport": config}).transport.kind == "http"


def test_a_server_that_does_not_answer_fails_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILOTAGE_OPENLINEAGE", "http://127.0.0.1:9")
    assert emission.emit(Settings(), [_event("a")]) == 0


def _emit_many(name: str) -> None:
    for _ in range(20):
        emission.emit(get_settings(), [_event(name, 20_000)])


def test_lines_of_several_processes_stay_whole(home: Path) -> None:
    with multiprocessing.get_context("fork").Pool(4) as pool:
        pool.map(_emit_many, "abcd")
    events = read_events(home)
    assert len(events) == 80 and {len(e["job"]["name"]) for e in events} == {20_001}


def test_old_days_are_forgotten(home: Path) -> None:
    folder = home / "journaux" / "openlineage"
    folder.mkdir(parents=True)
    days = [dt.date.today() - dt.timedelta(days=n) for n in (GARDES_JOURS + 1, GARDES_JOURS)]
    for day in days:
        (folder / f"{day}.jsonl").write_text("")
    emission.emit(Settings(), [_event("a")])
    assert {file.stem for file in folder.iterdir()} == {str(days[1]), str(dt.date.today())}


def test_a_build_is_told_model_by_model_under_names_that_outlive_generations(home: Path) -> None:
    sent = emit_build(Settings(), write_artefacts(home / "dbt"), GENERATION)
    events = read_events(home)
    assert sent == len(events) == 6, "two models and the tests of one, a start and an end each"
    text = json.dumps(events)
    assert f"__{GENERATION}" not in text and "tres_secret" not in text
    assert {e["job"]["namespace"] for e in events} == {"pilotage"}
    ends = {e["job"]["name"]: e for e in events if e["eventType"] == "COMPLETE"}
    (mart,) = ends["base.commun.pilotage.dim_communes.build.run"]["outputs"]
    assert (mart["namespace"], mart["name"]) == ("postgres://base.example:5433", "base.commun.dim_communes")
    lineage = mart["facets"]["columnLineage"]["fields"]["nom"]["inputFields"]
    assert [(f["name"], f["field"]) for f in lineage] == [("base.staging.stg_communes", "nom")]
    tags = ends["base.commun.pilotage.dim_communes.build.run"]["run"]["facets"]["tags"]["tags"]
    assert ("generation", GENERATION) in [(t["key"], t["value"]) for t in tags]
    assert ("base.raw.insee__communes", "base.staging.stg_communes") in edges(events)
    assert "base.commun.dim_communes" in reachable(edges(events), "base.raw.insee__communes")


def test_a_model_that_fails_is_a_failed_run(home: Path) -> None:
    emit_build(Settings(), write_artefacts(home / "dbt", status="error"), GENERATION)
    failed = [e["job"]["name"] for e in read_events(home) if e["eventType"] == "FAIL"]
    assert failed == ["base.commun.pilotage.dim_communes.build.run"]


def test_artefacts_that_cannot_be_read_fail_nothing(home: Path) -> None:
    folder = write_artefacts(home / "dbt")
    (folder / "manifest.json").write_text("{")
    assert emit_build(Settings(), folder, GENERATION) == 0


def test_a_delivery_goes_from_upstream_to_raw_without_its_key(warehouse: Settings) -> None:
    late = fill_journal(warehouse)
    steps = [emission.datasets_of(warehouse, etape, [late]) for etape in emission.PAS]
    for (_, outputs), (inputs, _) in itertools.pairwise(steps):
        assert [(d.namespace, d.name) for d in outputs] == [(d.namespace, d.name) for d in inputs]
    ((upstream,), (landed,)), raw = steps[0], steps[-1][1][0]
    assert (upstream.namespace, upstream.name) == ("https://example.org", "d/f.csv")
    assert landed.name.startswith(f"depot/{late}/") and landed.facets["version"].datasetVersion == "abc"
    assert raw.name.endswith(f".raw.{late}") and raw.namespace.startswith("postgres://")


def test_events_and_counters_leave_from_workers_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*ouvriers.OBLIGATOIRES, ouvriers.API):
        monkeypatch.setenv(name, "https://tete.example/")
    monkeypatch.setenv("PILOTAGE_STATSD", "releves:8125")
    settings = Settings(executeur="celery", magasin="memory://essai")
    given = ouvriers.worker_environment(settings)
    assert given["AIRFLOW__OPENLINEAGE__DISABLED"] == "False"
    assert str(settings.logs) in given["AIRFLOW__OPENLINEAGE__TRANSPORT"]
    assert (given["AIRFLOW__METRICS__STATSD_HOST"], given["AIRFLOW__METRICS__STATSD_PORT"]) == ("releves", "8125")
    monkeypatch.delenv("PILOTAGE_OPENLINEAGE")
    assert ouvriers.worker_environment(settings)["AIRFLOW__OPENLINEAGE__DISABLED"] == "True"
