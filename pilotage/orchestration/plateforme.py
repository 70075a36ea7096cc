"""PostgreSQL, the warehouse's journal and Airflow's processes: started together, stopped together."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import create_engine, text

from pilotage import postgres
from pilotage.config import Settings
from pilotage.database import ensure_database, get_engine, migrate
from pilotage.orchestration import ErreurOrchestration, processus
from pilotage.orchestration.api import ESSAIS_GARDES, Airflow
from pilotage.orchestration.environnement import airflow_environment, airflow_home, choose_port, load_secrets
from pilotage.orchestration.executeurs import Executeurs
from pilotage.orchestration.fins import last_words
from pilotage.orchestration.plan import DAGS

COMPOSANTS = {
    "api-server": ["api-server"],
    "dag-processor": ["dag-processor"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
}
LANCEUR, GARDE = "lanceur", "garde"
DELAI_DEMARRAGE_S = 150
REVISION = "SELECT version_num FROM alembic_version"


@dataclass
class Plateforme:
    """What runs for this home, and what of it this command started."""

    settings: Settings
    port: int
    composants: list[processus.Processus]
    postgres_demarre: bool = False
    airflow_demarre: bool = False
    depuis: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))

    def __post_init__(self) -> None:
        password = load_secrets(self.settings)["mot_de_passe"]
        self.api = Airflow(self.port, password, hote=self.settings.adresse_api)
        self.executeurs = Executeurs()

    def check_alive(self) -> None:
        """Raise ErreurOrchestration when a component died, with the end of its log, or lost a worker.

        Of a platform that is kept up, only the watcher must live: it starts the others again.
        """
        for process in [one for one in self.composants if one.nom == GARDE] or self.composants:
            if process.find() is None:
                log = log_file(self.settings, process.nom)
                why = last_words(log) or "sans un mot"
                raise ErreurOrchestration(f"{process.nom} s'est arrêté : {why}", conseil=f"lire {log}")
            if process.nom == "scheduler" and (lost := self.executeurs.lost(process)):
                raise ErreurOrchestration(
                    f"exécuteur d'Airflow tué ({lost}), ses voisins l'attendent",
                    conseil="relancer la nuit ; si cela se répète, la mémoire manque (`dmesg`)",
                )

    def wait_ready(self) -> None:
        """Wait until the API answers and the four DAGs have been read anew.

        Raises:
            ErreurOrchestration: a component died, a DAG cannot be imported, or the delay is over.
        """
        deadline = time.monotonic() + DELAI_DEMARRAGE_S
        self._wait_api(deadline)
        while self.airflow_demarre and not set(DAGS) <= self.api.parsed_since(self.depuis):
            self._pause(deadline, "les DAG ne sont pas lus")
            if errors := self.api.import_errors():
                raise ErreurOrchestration("un DAG ne s'importe pas : " + " | ".join(errors))

    def _wait_api(self, deadline: float) -> None:
        mine = self.composants if self.airflow_demarre else []
        servers = [one for one in mine if one.nom == "api-server"]  # another home may have taken the port since
        while self.api.health() is None or not all(one.listens(self.port) for one in servers):
            self._pause(deadline, "l'API d'Airflow ne répond pas")
        self.api.log_in()

    def _pause(self, deadline: float, reason: str) -> None:
        self.check_alive()
        if time.monotonic() > deadline:
            log = log_file(self.settings, "dag-processor").parent
            raise ErreurOrchestration(f"{reason} après {DELAI_DEMARRAGE_S} s", conseil=f"lire les journaux de {log}")
        time.sleep(0.3)


def start(settings: Settings, *, nightly: bool) -> Plateforme:
    """Start what is not running yet; reuse a platform that `demarrer` keeps up.

    Args:
        nightly: stay up and obey the cron (`make up`); else one night by hand, which first closes interrupted ones.

    Raises:
        ErreurOrchestration: another night runs, or the running platform reads other sources.
    """
    alive = {process.nom: process for process in processus.known(pids(settings))}
    if LANCEUR in alive:
        raise ErreurOrchestration(
            f"une nuit est déjà en cours (processus {alive[LANCEUR].pid})", conseil="attendre sa fin, ou `make down`"
        )
    if (GARDE in alive or set(COMPOSANTS) <= set(alive)) and read_state(settings).get("nightly"):
        return _join(settings, list(alive.values()))
    _stop_known(settings)  # left by a launcher that was killed
    for folder in (settings.logs, airflow_home(settings)):
        folder.mkdir(parents=True, exist_ok=True)
    platform = Plateforme(settings, choose_port(settings), [], airflow_demarre=True)
    try:
        _start_all(platform, nightly=nightly)
    except BaseException:
        stop(platform)
        raise
    return platform


def stop(platform: Plateforme) -> list[str]:
    """Stop what this command started, Airflow before PostgreSQL; returns the names of what had to be killed."""
    platform.api.close()
    killed: list[str] = []
    if platform.airflow_demarre:
        killed = processus.stop(platform.composants, pids(platform.settings))
        (pids(platform.settings) / f"{LANCEUR}.pid").unlink(missing_ok=True)
    if platform.postgres_demarre:
        get_engine(platform.settings).dispose()
        postgres.stop(platform.settings)
    if platform.airflow_demarre:
        _state_file(platform.settings).unlink(missing_ok=True)
    return killed


def stop_all(settings: Settings) -> bool:
    """Stop everything that runs for this home, whoever started it; False when nothing ran."""
    alive = processus.known(pids(settings), orphaned=True)
    launchers = [process for process in alive if process.nom == LANCEUR]
    processus.stop(launchers, pids(settings), patience_s=30)  # it stops its own components
    _stop_known(settings)
    was_running = not settings.database_url_env and postgres.stop(settings)
    _state_file(settings).unlink(missing_ok=True)
    return bool(alive) or was_running


def _stop_known(settings: Settings) -> None:
    """Stop what the pid files name; the watcher first, whose last look may yet start another again."""
    watcher = [one for one in processus.known(pids(settings)) if one.nom == GARDE]
    processus.stop(watcher, pids(settings), patience_s=60)
    processus.stop(processus.known(pids(settings), orphaned=True), pids(settings))


def is_watched(settings: Settings) -> bool:
    """The watcher of `make up` lives; nothing is written, for whoever asks may only read."""
    return any(one.nom == GARDE and one.find() for one in processus.read(pids(settings)))


def pids(settings: Settings) -> Path:
    return airflow_home(settings) / "processus"


def command(component: str) -> list[str]:
    return [sys.executable, "-m", "airflow", *COMPOSANTS[component]]


def log_file(settings: Settings, component: str) -> Path:
    return settings.logs / "airflow" / f"{component}.log"


def night_mark(settings: Settings) -> Path:
    """Present while runs may be under way, so that the next night by hand knows that it must close them first."""
    return airflow_home(settings) / "nuit_en_cours"


def close_runs(platform: Plateforme) -> list[str]:
    """End the runs that an interrupted night left, and forget the events that waited; returns the runs closed."""
    closed = []
    for dag in DAGS:
        for run in platform.api.active_runs(dag):
            platform.api.fail_run(dag, run["dag_run_id"], "nuit interrompue, reprise par la suivante")
            closed.append(f"{dag} {run['dag_run_id']}")
        platform.api.forget_queued_events(dag)
    return closed


def _start_all(platform: Plateforme, *, nightly: bool) -> None:
    settings = platform.settings
    if not nightly:
        processus.write_pid(processus.this_process(LANCEUR), pids(settings))
    platform.postgres_demarre = owns_postgres(settings)  # a killed launcher left it to us
    if not settings.database_url_env:
        platform.postgres_demarre |= postgres.start(settings)
    migrate(settings)
    metadata_url = ensure_database("airflow", settings)
    preload = not nightly and not _has_visible_generation(settings)
    environment = airflow_environment(settings, metadata_url, platform.port, nightly=nightly, preload=preload)
    _migrate_airflow(settings, metadata_url, environment)
    _write_state(platform, nightly)
    _start_components(platform, environment, close_first=not nightly and night_mark(settings).exists())
    night_mark(settings).touch()


def _start_components(platform: Plateforme, environment: dict[str, str], *, close_first: bool) -> None:
    names = list(COMPOSANTS)
    if close_first:  # the scheduler must not take up the interrupted night before it is closed
        _start(platform, environment, names.pop(0))
        platform._wait_api(time.monotonic() + DELAI_DEMARRAGE_S)
        close_runs(platform)
        platform.depuis = dt.datetime.now(dt.UTC)
    for name in names:
        _start(platform, environment, name)


def _start(platform: Plateforme, environment: dict[str, str], name: str) -> None:
    log = log_file(platform.settings, name)
    platform.composants.append(processus.start(name, command(name), environment, log, pids(platform.settings)))


def _join(settings: Settings, alive: list[processus.Processus]) -> Plateforme:
    state = read_state(settings)
    if state["sources"] != settings.sources or state["communes"] != settings.communes:
        raise ErreurOrchestration(
            f"Airflow tourne déjà avec SOURCES={state['sources']} COMMUNES={state['communes']}",
            attendu=f"SOURCES={settings.sources} COMMUNES={settings.communes}",
            conseil="`make down`, puis recommencer",
        )
    platform = Plateforme(settings, state["port"], alive)
    if any(process.nom == GARDE for process in alive):
        platform.api.essais = ESSAIS_GARDES
    return platform


def _migrate_airflow(settings: Settings, metadata_url: str, environment: dict[str, str]) -> None:
    """`airflow db migrate`, only when the release or the database is not the one of last time (it takes 6 s)."""
    file = airflow_home(settings) / "migration.json"
    version = importlib.metadata.version("apache-airflow-core")
    known = json.loads(file.read_text()) if file.exists() else {}
    if known and known == {"version": version, "revision": _revision(metadata_url)}:
        return
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        end = (done.stderr or done.stdout)[-1200:]
        raise ErreurOrchestration(f"`airflow db migrate` s'est arrêté avec le code {done.returncode} : {end}")
    file.write_text(json.dumps({"version": version, "revision": _revision(metadata_url)}))


def _revision(metadata_url: str) -> str | None:
    engine = create_engine(metadata_url)
    try:
        with engine.connect() as connection:
            if not connection.scalar(text("SELECT to_regclass('alembic_version')")):
                return None
            return connection.scalar(text(REVISION))
    finally:
        engine.dispose()


def _has_visible_generation(settings: Settings) -> bool:
    with get_engine(settings).connect() as connection:
        return bool(connection.scalar(text("SELECT 1 FROM pilotage.generations WHERE etat = 'visible'")))


def _state_file(settings: Settings) -> Path:
    """What runs, or what a killed launcher left behind; absent after a clean stop."""
    return airflow_home(settings) / "etat.json"


def owns_postgres(settings: Settings) -> bool:
    """The embedded server was started with what runs, and must run as long."""
    return bool(read_state(settings).get("postgres"))


def read_state(settings: Settings) -> dict:
    """What runs, as `start` wrote it: `port`, `nightly`, `postgres`, `sources`, `communes`; empty when nothing does."""
    file = _state_file(settings)
    return json.loads(file.read_text()) if file.exists() else {}


def _write_state(platform: Plateforme, nightly: bool) -> None:
    settings = platform.settings
    state = {"port": platform.port, "nightly": nightly, "postgres": platform.postgres_demarre}
    state |= {"sources": settings.sources, "communes": settings.communes}
    _state_file(settings).write_text(json.dumps(state))
