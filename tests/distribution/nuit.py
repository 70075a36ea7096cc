"""In the head's network: the servers, Airflow, two workers, a night with its faults, and what must hold after it."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import psutil
from rich.console import Console

from pilotage.config import RACINE, Settings, get_settings
from pilotage.orchestration import ErreurOrchestration, plateforme, processus
from pilotage.orchestration import api as apis
from pilotage.orchestration import nuit as nuits
from pilotage.orchestration.affichage import Affichage
from pilotage.orchestration.nuit import Nuit, launch
from pilotage.orchestration.ouvriers import API
from pilotage.orchestration.plan import DAGS, POOL_LOURD, source_names
from tests.distribution import serveurs
from tests.distribution.constats import Constat, check_deliveries, check_generation, compare
from tests.distribution.pannes import Panne, Saboteur
from tests.distribution.reseau import ADRESSE_TETE, OUVRIERS, command_on
from tests.distribution.temoin import Temoin

PLACES = 4  # heavy tasks at once, two a machine
HEARTBEAT_S = 60
PATIENCE_S = 600  # other work may keep this machine busy


class NuitGardee(Nuit):
    """A night that ends with a worker: one that is cut off or frozen lives, one that ended would never come back."""

    ouvriers: dict[Path, processus.Processus]

    def _pause(self) -> None:
        """Raise ErreurOrchestration with the end of its log when a worker's process ended."""
        if dead := [log for log, worker in self.ouvriers.items() if worker.find() is None]:
            ends = [f"{log} : {log.read_text(errors='replace')[-1000:]}" for log in dead]
            raise ErreurOrchestration("un ouvrier s'est arrêté : " + " | ".join(ends))
        super()._pause()


def run(base: Path, miroir: Path, pannes: list[Panne], console: Console, *, temoin: bool) -> list[Constat]:
    """The whole trial; everything that it started is stopped when it returns or fails.

    Args:
        base: an empty folder, with one folder a machine below it.
        temoin: make the same input on a single machine meanwhile, and compare.
    """
    with ExitStack() as stack:
        urls = _start_servers(base / "tete", miroir, stack)
        witness = Temoin(base / "tete" / "temoin", urls["temoin"]) if temoin else None
        if witness:
            stack.callback(witness.stop)
        os.environ.update(PILOTAGE_HOME=str(base / "tete" / "accueil"), DATABASE_URL=urls["pilotage"])
        settings = get_settings()
        plateforme.DELAI_DEMARRAGE_S = nuits.DELAI_REVEIL_S = apis.DELAI_S = PATIENCE_S
        platform = plateforme.start(settings, nightly=False)
        stack.callback(plateforme.stop, platform)
        platform.wait_ready()
        for name in OUVRIERS:  # each hides the others' folders, which must be there
            (base / name / "tmp").mkdir(parents=True)
        workers = [_start_worker(base, name, miroir, platform.port, stack) for name in OUVRIERS]
        nuit = NuitGardee(f"nuit_{dt.datetime.now():%Y%m%dT%H%M%S}", platform, Affichage(console, source_names()))
        nuit.ouvriers = {base / worker.nom / "ouvrier.log": worker for worker in workers}
        platform.api.ensure_pool(POOL_LOURD, PLACES, "Deux par machine.")
        saboteur = Saboteur(platform.api, pannes, psutil.Process(workers[1].pid))
        start = time.monotonic()
        launch(nuit)
        saboteur.start()
        stack.callback(saboteur.stop)
        nuit.follow()
        console.print(f"Nuit sur deux machines, avec ses pannes : {time.monotonic() - start:.0f} s {nuit.durees}")
        found = [
            *_check_tasks(nuit, pannes, console),
            *check_deliveries(urls["pilotage"], _bring_depot(base / "verifie", settings)),
            *check_generation(urls["pilotage"]),
            *_check_published(base / "verifie", settings),
        ]
        for constat in found:  # the witness may take long: what is known already is said
            console.print(str(constat), markup=False, highlight=False)
        if witness is None:
            return found
        witness.wait()
        return [*found, *compare(urls["pilotage"], urls["temoin"])]


def _start_servers(folder: Path, miroir: Path, stack: ExitStack) -> dict[str, str]:
    """Start what the head serves and say where in the environment; gives libpq's URL of each database."""
    server = serveurs.Postgres(folder / "postgres")
    stack.callback(server.stop)
    server.start()
    password = secrets.token_urlsafe(18)
    os.environ.update(
        AWS_ACCESS_KEY_ID="pilotage",
        AWS_SECRET_ACCESS_KEY=secrets.token_urlsafe(18),
        AWS_DEFAULT_REGION="us-east-1",
        AWS_ENDPOINT_URL=f"http://{ADRESSE_TETE}:{serveurs.PORT_S3}",
    )
    for process in (
        serveurs.start_redis(folder / "redis", password),
        serveurs.start_store(folder / "magasin", dict(os.environ)),
    ):
        stack.callback(processus.stop, [process], folder / process.nom)
    stack.callback(serveurs.serve_mirror(miroir).shutdown)
    os.environ.update(
        PILOTAGE_SOURCES=_sources(miroir),
        PILOTAGE_EXECUTEUR="celery",
        PILOTAGE_MAGASIN=f"s3://{serveurs.SEAU}/essai",
        PILOTAGE_ADRESSE_API=ADRESSE_TETE,
        AIRFLOW__CELERY__BROKER_URL=f"redis://:{password}@{ADRESSE_TETE}:{serveurs.PORT_REDIS}/0",
        AIRFLOW__CELERY__RESULT_BACKEND="db+" + server.libpq("airflow").replace("://", "+psycopg2://", 1),
        AIRFLOW__CELERY__WORKER_CONCURRENCY="3",
        AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT="15",
        AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT=str(HEARTBEAT_S),
    )
    return {name: server.libpq(name) for name in ("pilotage", "temoin", "airflow")}


def _sources(miroir: Path) -> str:
    """By HTTP; but a simulation passes for one only as a folder, which all machines then share, to be read."""
    is_simulation = (miroir / "SIMULATION").exists()
    return str(miroir) if is_simulation else f"http://{ADRESSE_TETE}:{serveurs.PORT_MIROIR}"


def _start_worker(base: Path, name: str, miroir: Path, port: int, stack: ExitStack) -> processus.Processus:
    """A machine with an empty home, that sees neither the others' files nor the mirror's folder."""
    home, own = base / name, base / name / "accueil"
    environment = {
        **os.environ,
        "PILOTAGE_HOME": str(own),
        "TMPDIR": str(home / "tmp"),
        API: f"http://{ADRESSE_TETE}:{port}/execution/",
        "PYTHONPATH": str(RACINE),
    }
    hidden = [base / other for other in ("tete", *OUVRIERS) if other != name]
    hidden += [miroir] if "://" in _sources(miroir) else []
    command = command_on(f"pil-{name}", name, hidden, [sys.executable, "-m", "pilotage", "ouvrier"])
    process = processus.start(name, command, environment, home / "ouvrier.log", home)
    stack.callback(processus.stop, [process], home)
    return process


def _check_tasks(nuit: Nuit, pannes: list[Panne], console: Console) -> list[Constat]:
    """Where tasks ran, and which were done twice."""
    api, states, hosts, again = nuit.platform.api, Counter(), Counter(), []
    for dag in DAGS:
        runs = api._get(f"/api/v2/dags/{dag}/dagRuns", limit=10)["dag_runs"]
        states.update(run["state"] for run in runs)
        for run in runs:
            for task in api.all_tasks(dag, run["dag_run_id"]):
                hosts[task["hostname"] or "aucune"] += task["state"] == "success"
                if (task["try_number"] or 0) > 1:
                    again.append(f"{task['task_id']} (essai {task['try_number']}, {task['hostname']})")
    for panne in pannes:
        console.print(f"Panne : {panne}", markup=False)
    return [
        Constat("les quatre DAG réussissent", states == {"success": len(DAGS)}, str(dict(states))),
        Constat("les deux ouvriers ont travaillé", all(hosts[one] for one in OUVRIERS), str(dict(hosts))),
        Constat("les pannes ont frappé", all(panne.frappee for panne in pannes), str([p.frappee for p in pannes])),
        Constat("les tâches perdues ont été refaites", len(again) >= len(pannes), ", ".join(again)),
    ]


def _bring_depot(home: Path, settings: Settings) -> Path:
    """The landing, brought whole from the store by a machine that never saw it: every hash is verified."""
    from pilotage.landing import open_depot

    depot = open_depot(settings.model_copy(update={"home_env": home}))
    for recu, _ in depot.receipts():
        depot.bring(recu, recu.sha256)
    return depot.racine


def _check_published(home: Path, settings: Settings) -> list[Constat]:
    """Exports, site and pages of checks are in the store, whole, for the visible generation."""
    from pilotage.generations import visible
    from pilotage.publication_partagee import bring_published

    served = visible().generation
    brought = bring_published(settings.model_copy(update={"home_env": home}))
    whole = brought == dict.fromkeys(("exports", "site", "controles"), served)
    return [Constat("exports, site et contrôles rapatriés du magasin", whole, str(brought))]
