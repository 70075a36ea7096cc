"""What watches over `make up`: PostgreSQL or a component that died, or lost a worker, is started again and told.

Run by `service`: `python -m pilotage.orchestration.garde`, in the environment of the home that it keeps.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass, field

from pilotage import postgres
from pilotage.alertes import alerter
from pilotage.config import Settings, get_settings
from pilotage.database import ensure_database
from pilotage.errors import ErreurPilotage
from pilotage.orchestration import plateforme, processus
from pilotage.orchestration.environnement import TASKS_AT_ONCE, airflow_environment, own_settings
from pilotage.orchestration.executeurs import Executeurs
from pilotage.orchestration.fins import last_words

log = logging.getLogger("garde")
PERIODE_S = 5.0
RECUL_S, RECUL_MAX_S = 5.0, 600.0  # wait before a start again, doubled each time
STABLE_S = 900.0  # what held that long is trusted again; more than the longest wait
TENACE = 3  # starts again in a row that a person must be called for
POSTGRES = "postgresql"


@dataclass
class Reprises:
    """Starts again of one component: how many in a row, and when the next one may be."""

    suite: int = 0
    derniere: float = float("-inf")

    def is_due(self, now: float) -> bool:
        wait = min(RECUL_S * 2 ** (self.suite - 1), RECUL_MAX_S) if self.suite else 0
        return now >= self.derniere + wait

    def count(self, now: float) -> int:
        """One more; returns its rank in the row."""
        self.suite = 1 if now - self.derniere > STABLE_S else self.suite + 1
        self.derniere = now
        return self.suite


@dataclass
class Garde:
    """The components of one home, looked at again and again."""

    settings: Settings
    reprises: dict[str, Reprises] = field(default_factory=dict)
    executeurs: Executeurs = field(init=False)

    def __post_init__(self) -> None:
        self._forget_executors()

    def _forget_executors(self) -> None:
        self.executeurs = Executeurs(TASKS_AT_ONCE if self.settings.executeur == "local" else None)

    def look(self, now: float) -> list[str]:
        """One look: start again whatever is due; returns the names of what was."""
        started = []
        if plateforme.owns_postgres(self.settings) and not postgres.is_running(self.settings):
            started += self._again(POSTGRES, "le serveur ne tourne plus", now)
            if not started:
                return []  # nothing of Airflow lives without its database
        alive = {one.nom: one for one in processus.known(plateforme.pids(self.settings), orphaned=True)}
        for name in plateforme.COMPOSANTS:
            if reason := self._trouble(name, alive.get(name)):
                started += self._again(name, reason, now, alive.get(name))
        return started

    def _trouble(self, name: str, process: processus.Processus | None) -> str:
        """Why a component must be started again; empty when it is well."""
        if process is None or process.find() is None:
            return last_words(plateforme.log_file(self.settings, name)) or "arrêt sans un mot"
        if name == "scheduler" and (lost := self.executeurs.lost(process)):
            return f"exécuteur tué ({lost}), ses voisins l'attendent"
        return ""

    def _again(self, name: str, reason: str, now: float, former: processus.Processus | None = None) -> list[str]:
        tries = self.reprises.setdefault(name, Reprises())
        if not tries.is_due(now):
            return []
        rank = tries.count(now)
        log.warning("%s : %s ; relance n° %d", name, reason, rank)
        try:
            if name == POSTGRES:
                postgres.start(self.settings)
            else:
                self._start(name, former)
        except (ErreurPilotage, OSError) as error:
            log.error("%s ne redémarre pas : %s", name, error)
            reason = f"{reason} ; ne redémarre pas : {error}"
        if rank == 1:
            alerter(f"Pilotage : {name} relancé", reason, controle="garde.relance", composant=name)
        elif rank == TENACE:
            alerter(f"Pilotage : {name} ne tient pas", reason, controle="garde.impuissante", composant=name)
        return [name]

    def _start(self, name: str, former: processus.Processus | None) -> None:
        folder = plateforme.pids(self.settings)
        if former:
            processus.stop([former], folder)  # what it left behind, or the rest of a scheduler whose worker was lost
        if name == "scheduler":
            self._forget_executors()
        port = plateforme.read_state(self.settings)["port"]
        environment = airflow_environment(self.settings, ensure_database("airflow", self.settings), port, nightly=True)
        log_file = plateforme.log_file(self.settings, name)
        if log_file.exists():
            log_file.replace(log_file.with_suffix(".avant.log"))  # the end of the one that died is worth reading
        processus.start(name, plateforme.command(name), environment, log_file, folder)


def start(settings: Settings) -> None:
    """Start the watcher of this home, unless it runs already."""
    if plateforme.is_watched(settings):
        return
    environment = {**os.environ, **own_settings(settings)}
    command = [sys.executable, "-m", "pilotage.orchestration.garde"]
    log_file = plateforme.log_file(settings, plateforme.GARDE)
    processus.start(plateforme.GARDE, command, environment, log_file, plateforme.pids(settings))


def main() -> None:
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    ended = threading.Event()  # a look is ended first: what it has started must have its pid file
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    garde = Garde(get_settings())
    log.info("garde de %s", garde.settings.home)
    while not ended.is_set():
        try:
            garde.look(time.monotonic())
        except Exception:  # a watcher that falls watches over nothing; the next look may be well
            log.exception("regard manqué")
        ended.wait(PERIODE_S)


if __name__ == "__main__":
    main()
