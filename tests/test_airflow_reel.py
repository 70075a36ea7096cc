"""A small real Airflow, with the arguments that every DAG of the house has: what it tells, and to whom."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from pilotage.config import Settings
from pilotage.database import ensure_database
from pilotage.orchestration import processus
from pilotage.orchestration.api import Airflow
from pilotage.orchestration.environnement import airflow_environment, airflow_home, load_secrets
from pilotage.orchestration.plateforme import COMPOSANTS
from tests.artefacts_dbt import GENERATION, write_artefacts
from tests.releves import fill_journal
from tests.test_evenements import edges, reachable, read_events

DELAI_S = 600  # a quiet machine needs a twentieth of it
CODE = """
import time
from pathlib import Path

from airflow.sdk import dag, task
from pilotage.orchestration.dags import arguments


@task
def dormir() -> None:
    time.sleep(25)


@task
def tracer() -> None:
    from pilotage.config import get_settings
    from pilotage.evenements.dbt import emit_build
    from pilotage.evenements.emission import attribute

    for etape in ("fetch", "load", "gate"):
        attribute(etape, ["insee__departements"])
    assert emit_build(get_settings(), Path({artefacts!r}), {generation!r}) == 6


@task
def chuter() -> None:
    from pilotage.errors import ErreurControle

    raise ErreurControle("exprès")


@dag(schedule=None, **arguments("lente", delai_min=0.02))
def lente() -> None:
    dormir()
    tracer()
    chuter()


lente()
"""


@dataclass
class Petit:
    """What the small Airflow left, once its alert came and its two short tasks ended."""

    finis_a_l_alerte: set[str]
    alertes: list[dict]
    evenements: list[dict]
    compteurs: set[str]


@pytest.fixture(scope="module")
def petit(warehouse: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Petit]:
    """One DAG run on three processes and a database of their own, with StatsD and OpenLineage on."""
    folder = tmp_path_factory.mktemp("dags")
    fill_journal(warehouse)
    artefacts = write_artefacts(tmp_path_factory.mktemp("dbt"))
    (folder / "lente.py").write_text(CODE.format(artefacts=str(artefacts), generation=GENERATION))
    port, started = _free_port(), []
    pids = airflow_home(warehouse) / "processus"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as statsd, pytest.MonkeyPatch.context() as patch:
        statsd.bind(("127.0.0.1", 0))
        statsd.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        patch.setenv("PILOTAGE_STATSD", f"127.0.0.1:{statsd.getsockname()[1]}")
        patch.setenv("PILOTAGE_OPENLINEAGE", "dossier")
        url = ensure_database("airflow_reel", warehouse)
        env = airflow_environment(warehouse, url, port, nightly=False) | {"AIRFLOW__CORE__DAGS_FOLDER": str(folder)}
        migration = [sys.executable, "-m", "airflow", "db", "migrate"]
        subprocess.run(migration, env=env, check=True, capture_output=True, stdin=subprocess.DEVNULL)
        api = Airflow(port, load_secrets(warehouse)["mot_de_passe"])
        try:
            for name, arguments in COMPOSANTS.items():
                log = warehouse.logs / f"{name}.log"
                started.append(processus.start(name, [sys.executable, "-m", "airflow", *arguments], env, log, pids))
            yield _run(api, warehouse, statsd)
        finally:
            api.close()
            processus.stop(started, pids)


def _free_port() -> int:
    """Not among those that nights begin with: one may start beside, and look before this one listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _run(api: Airflow, settings: Settings, statsd: socket.socket) -> Petit:
    deadline = time.monotonic() + DELAI_S
    _wait("Airflow", api.health, deadline)
    api.log_in()
    _wait("le DAG", lambda: "lente" in {d["dag_id"] for d in api._get("/api/v2/dags")["dags"]}, deadline)
    api.set_paused("lente", False)
    api.trigger("lente", "essai", {})
    _wait("l'alerte de retard", lambda: [a for a in _alertes(settings) if a["controle"] == "echeance.lente"], deadline)
    over = {event for event in _ends(read_events(settings.home)) if event in ("lente COMPLETE", "lente FAIL")}
    _wait("l'alerte d'échec", lambda: [a for a in _alertes(settings) if "chuter" in a["controle"]], deadline)
    wanted = {"lente.chuter FAIL", "lente.tracer COMPLETE", "lente FAIL"}
    _wait("les événements", lambda: wanted <= _ends(read_events(settings.home)), deadline)
    return Petit(over, _alertes(settings), read_events(settings.home), _received(statsd))


def _wait(what: str, condition, deadline: float) -> None:
    while not condition():
        assert time.monotonic() < deadline, f"{what} : pas en {DELAI_S} s"
        time.sleep(0.5)


def _alertes(settings: Settings) -> list[dict]:
    journal = settings.logs / "alertes.jsonl"
    return [json.loads(line) for line in journal.read_text().splitlines()] if journal.exists() else []


def _ends(events: list[dict]) -> set[str]:
    return {f"{event['job']['name']} {event['eventType']}" for event in events}


def _received(statsd: socket.socket) -> set[str]:
    """Names of the counters that came so far; the scheduler never stops sending, so what comes now is enough."""
    statsd.settimeout(1)
    names: set[str] = set()
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        with suppress(TimeoutError):
            names |= {line.partition(":")[0] for line in statsd.recv(65536).decode().splitlines()}
    return names


def test_a_run_beyond_its_delay_is_told_while_it_still_runs(petit: Petit) -> None:
    assert petit.finis_a_l_alerte == set(), "told too late to be of use"
    assert "lente FAIL" in _ends(petit.evenements), "the run's own end is told, so its absence above means something"
    (late,) = [alerte for alerte in petit.alertes if alerte["controle"] == "echeance.lente"]
    assert late["titre"] == "Pilotage : lente en retard" and late["details"]["dag"] == "lente"
    assert (late["severite"], late["responsable"]) == ("avertissement", "exploitant")
    assert late["que_faire"].startswith("docs/exploitation.md#")


def test_a_failed_task_is_told_once_with_its_reason(petit: Petit) -> None:
    (failed,) = [alerte for alerte in petit.alertes if alerte["controle"] == "tache.lente.chuter"]
    assert failed["texte"] == "exprès" and failed["details"]["essai"] == 1


def test_airflow_counts_by_statsd_on_a_real_socket(petit: Petit) -> None:
    for counter in ("airflow.scheduler_heartbeat", "airflow.ti.finish", "airflow.ti_successes"):
        assert counter in petit.compteurs, sorted(petit.compteurs)[:40]


def test_tasks_tell_their_start_and_their_end(petit: Petit) -> None:
    ends = _ends(petit.evenements)
    for event in ("lente.dormir START", "lente.tracer START", "lente.tracer COMPLETE", "lente.chuter FAIL"):
        assert event in ends
    assert {event["job"]["namespace"] for event in petit.evenements} == {"pilotage"}
    runs = {e["run"]["runId"] for e in petit.evenements if e["job"]["name"] == "lente.tracer"}
    assert len(runs) == 1, "the datasets, the start and the end are of one run"


def test_dbt_is_a_child_of_the_task_that_ran_it(petit: Petit) -> None:
    (run,) = {e["run"]["runId"] for e in petit.evenements if e["job"]["name"] == "lente.tracer"}
    models = [e for e in petit.evenements if e["job"]["name"].endswith(".build.run")]
    assert len(models) == 4
    for event in models:
        parent = event["run"]["facets"]["parent"]
        assert (parent["run"]["runId"], parent["job"]["name"]) == (run, "lente.tracer")
        assert parent["root"]["job"]["name"] == "lente"


def test_a_chain_goes_from_the_producer_to_the_raw_table(petit: Petit) -> None:
    reached = reachable(edges(petit.evenements), "d/f.csv")
    assert any(name.startswith("depot/insee__departements/") for name in reached)
    assert any(name.endswith(".raw.insee__departements") for name in reached)
    assert "secrete" not in json.dumps(petit.evenements)
    assert Path("depot") not in map(Path, reached)
