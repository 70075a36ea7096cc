"""A worker that fails while it works: its network dies, or the whole machine is frozen, and later comes back."""

from __future__ import annotations

import signal
import threading
import time
from dataclasses import dataclass

import psutil

from pilotage.errors import ErreurPilotage
from pilotage.orchestration.api import Airflow
from pilotage.orchestration.plan import DAGS
from tests.distribution.reseau import OUVRIERS, cut, mend

VICTIME = OUVRIERS[1]


@dataclass
class Panne:
    """One fault. tache: what the task's name must hold; nature: `coupure` or `gel`; duree_s: before it comes back."""

    tache: str
    nature: str
    duree_s: float
    frappee: str | None = None
    frappee_a: float | None = None
    revenue_a: float | None = None


class Saboteur(threading.Thread):
    """Strikes each fault in turn, as soon as the worker runs such a task, and undoes it when its time is over."""

    def __init__(self, api: Airflow, pannes: list[Panne], racine: psutil.Process) -> None:
        super().__init__(daemon=True, name="saboteur")
        self.api, self.pannes, self.racine = api, pannes, racine
        self._over = threading.Event()

    def run(self) -> None:
        for panne in self.pannes:
            while not self._over.wait(0.5):
                if task := self._running(panne.tache):
                    self._strike(panne, task)
                    break

    def stop(self) -> None:
        self._over.set()
        self.join(timeout=10)
        mend(VICTIME)

    def _running(self, name: str) -> str | None:
        try:
            for dag in DAGS:
                for run in self.api.active_runs(dag):
                    for task in self.api.tasks(dag, run["dag_run_id"], "running"):
                        if name in task["task_id"] and task["hostname"] == VICTIME:
                            index = f"[{task['map_index']}]" if task["map_index"] >= 0 else ""
                            return f"{dag}.{task['task_id']}{index}"
        except ErreurPilotage:  # a busy server: asked again
            return None
        return None

    def _strike(self, panne: Panne, task: str) -> None:
        frozen: list[psutil.Process] = []
        panne.frappee, panne.frappee_a = task, time.time()
        if panne.nature == "coupure":
            cut(VICTIME)
        else:
            frozen = [self.racine, *self.racine.children(recursive=True)]
            for process in frozen:
                _signal(process, signal.SIGSTOP)
        self._over.wait(panne.duree_s)
        if panne.nature == "coupure":
            mend(VICTIME)
        for process in reversed(frozen):
            _signal(process, signal.SIGCONT)
        panne.revenue_a = time.time()


def _signal(process: psutil.Process, what: int) -> None:
    try:
        process.send_signal(what)
    except psutil.NoSuchProcess:
        return
