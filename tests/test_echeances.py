"""A run that lasts beyond its delay is told: on a real Airflow, with the arguments that every DAG of the house has."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pilotage.config import Settings
from pilotage.database import ensure_database
from pilotage.orchestration import processus
from pilotage.orchestration.api import Airflow
from pilotage.orchestration.environnement import airflow_environment, airflow_home, choose_port, load_secrets
from pilotage.orchestration.plateforme import COMPOSANTS

DELAI_S = 120
LENTE = """
import time
from airflow.sdk import dag, task
from pilotage.orchestration.dags import arguments

@task
def dormir() -> None:
    time.sleep(20)

@dag(schedule=None, **arguments("lente", delai_min=0.02))
def lente() -> None:
    dormir()

lente()
"""


@pytest.fixture(scope="module")
def airflow(warehouse: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    """A small Airflow with one DAG: its own database, three processes, stopped at the end."""
    folder = tmp_path_factory.mktemp("dags")
    (folder / "lente.py").write_text(LENTE)
    port = choose_port(warehouse)
    url = ensure_database("airflow_echeances", warehouse)
    env = airflow_environment(warehouse, url, port, nightly=False) | {"AIRFLOW__CORE__DAGS_FOLDER": str(folder)}
    migration = [sys.executable, "-m", "airflow", "db", "migrate"]
    subprocess.run(migration, env=env, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    pids, started = airflow_home(warehouse) / "processus", []
    api = Airflow(port, load_secrets(warehouse)["mot_de_passe"])
    try:
        for name, arguments in COMPOSANTS.items():
            log = warehouse.logs / f"{name}.log"
            started.append(processus.start(name, [sys.executable, "-m", "airflow", *arguments], env, log, pids))
        yield api
    finally:
        api.close()
        processus.stop(started, pids)


def _wait(what: str, condition, deadline: float):
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} : pas en {DELAI_S} s"
        time.sleep(0.5)
    return found


def _alertes(settings: Settings) -> list[dict]:
    journal = settings.logs / "alertes.jsonl"
    return [json.loads(line) for line in journal.read_text().splitlines()] if journal.exists() else []


def test_a_run_beyond_its_delay_is_told_while_it_still_runs(airflow: Airflow, warehouse: Settings) -> None:
    deadline = time.monotonic() + DELAI_S
    _wait("Airflow", airflow.health, deadline)
    airflow.log_in()
    _wait("le DAG", lambda: "lente" in {d["dag_id"] for d in airflow._get("/api/v2/dags")["dags"]}, deadline)
    airflow.set_paused("lente", False)
    airflow.trigger("lente", "essai", {})
    (alerte,) = _wait("l'alerte", lambda: _alertes(warehouse), deadline)
    assert airflow.run("lente", "essai")["state"] in ("queued", "running"), "told too late to be of use"
    assert alerte["titre"] == "Pilotage : lente en retard"
    assert alerte["controle"] == "echeance.lente"
    assert (alerte["severite"], alerte["responsable"]) == ("avertissement", "exploitant")
    assert alerte["details"]["dag"] == "lente"
    assert Path(alerte["que_faire"].partition("#")[0]) == Path("docs/exploitation.md")
