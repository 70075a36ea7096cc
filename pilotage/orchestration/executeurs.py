"""Workers of Airflow's LocalExecutor: one killed (memory, `kill -9`) can stop a scheduler that looks well.

They share a `multiprocessing.SimpleQueue`: a worker killed while it waits for work keeps the queue's lock for ever, and
none of its neighbours, nor of those that Airflow starts in its place, ever takes a task again.
"""

from __future__ import annotations

import time

import psutil

from pilotage.orchestration.processus import Processus

TITRE = "airflow worker -- LocalExecutor"  # as `airflow.executors.local_executor` names them; a task's own has no such
NAISSANCE_S = 60.0  # they are all born at once; a scheduler without all of them has lost some, one born later replaces


class Executeurs:
    """The workers seen so far below one scheduler; it never ends one itself before its own end.

    Args:
        attendus: how many a scheduler starts with, all at once (start method `fork`); what died before it was seen is
            then found missing, or replaced. None when they are started one by one, or are another executor's.
    """

    def __init__(self, attendus: int | None = None) -> None:
        self._attendus = attendus
        self._seen: set[psutil.Process] = set()

    def lost(self, scheduler: Processus) -> str:
        """Who has gone while the scheduler lives, in words; empty when nobody has."""
        leader = scheduler.find()
        if leader is None:
            return ""
        try:
            below = set(workers(leader))
            gone = [worker.pid for worker in self._seen - below if not _is_worker(worker)]
            self._seen |= below
            births = [worker.create_time() for worker in below]
        except psutil.NoSuchProcess:
            return ""
        if scheduler.find() is None:
            return ""
        if gone:
            return f"processus {', '.join(map(str, sorted(gone)))}"
        if self._attendus is None or time.time() - scheduler.debut < NAISSANCE_S:
            return ""
        if len(below) < self._attendus:
            return f"il en reste {len(below)} sur {self._attendus}"
        return "remplacé depuis" if max(births) - min(births) > NAISSANCE_S else ""


def workers(scheduler: psutil.Process) -> list[psutil.Process]:
    """The executor's living workers; a task just forked from one still bears its title.

    Raises:
        psutil.NoSuchProcess: the scheduler has ended.
    """
    titled = {child.pid: child for child in scheduler.children(recursive=True) if _is_worker(child)}
    return [worker for worker in titled.values() if _parent(worker) not in titled]


def _parent(process: psutil.Process) -> int | None:
    try:
        return process.ppid()
    except psutil.Error:
        return None


def _is_worker(process: psutil.Process) -> bool:
    """A worker's process; not a dead one, whose title is empty, nor another that was given its pid."""
    try:
        return process.is_running() and " ".join(process.cmdline()).startswith(TITRE)
    except psutil.Error:
        return False
