"""Time and memory of a night: each step writes its own, a sampler watches the whole tree of processes."""

from __future__ import annotations

import json
import logging
import resource
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from pilotage.config import Settings
from pilotage.errors import ErreurPilotage
from pilotage.magasin import get_magasin

log = logging.getLogger(__name__)
PERIOD_S = 1.0
MO = 1024 * 1024


@contextmanager
def measure_step(nuit: str, etape: str, objet: str) -> Iterator[None]:
    """Append one line to the night's steps: seconds, and peak memory in Mo of its heaviest process (task or child).

    The peak is the kernel's own (`ru_maxrss`), counted from the process's birth, so it misses nothing between samples.
    """
    start = time.monotonic()
    try:
        yield
    finally:
        line = {
            "etape": etape,
            "objet": objet,
            "secondes": round(time.monotonic() - start, 3),
            "machine": socket.gethostname(),
            "memoire_mo": max(_peak_mo(resource.RUSAGE_SELF), _peak_mo(resource.RUSAGE_CHILDREN)),
        }
        try:
            get_magasin().add_line(_steps(nuit), line)
        except ErreurPilotage as error:  # a measure never fails the work that it measures
            log.warning("mesure non gardée : %s", error)


class Sampler(threading.Thread):
    """Peak resident memory by kind of process, once a second, for the trees under `roots`.

    Resident memory counts shared pages in each process that maps them: sums over PostgreSQL's processes are too high.
    """

    def __init__(self, roots: dict[str, int]) -> None:
        super().__init__(daemon=True, name="mesures")
        self.roots = dict(roots)
        self.peaks: dict[str, float] = defaultdict(float)
        self.total_mo = 0.0
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(PERIOD_S):
            self.sample()

    def stop(self) -> None:
        self._over.set()
        if self.is_alive():
            self.join(timeout=2 * PERIOD_S)

    def sample(self) -> None:
        total = 0.0
        for name, pid in self.roots.items():
            for kind, rss in _tree(name, pid):
                self.peaks[kind] = max(self.peaks[kind], round(rss / MO, 1))
                total += rss / MO
        self.total_mo = max(self.total_mo, round(total, 1))


def write_measures(settings: Settings, nuit: str, durees: dict[str, float], sampler: Sampler) -> Path:
    """Gather everything into `journaux/mesures_<nuit>.json` and return its path.

    Args:
        durees: seconds of the launcher's own phases (start, ingestion, …, stop).
    """
    magasin = get_magasin(settings)
    steps = [json.loads(line) for line in magasin.lines(_steps(nuit))]
    content = {
        "nuit": nuit,
        "sources": settings.sources,
        "durees_s": {name: round(seconds, 2) for name, seconds in durees.items()},
        "etapes": sorted(steps, key=lambda step: -step["secondes"]),
        "memoire_max_par_processus_mo": dict(sorted(sampler.peaks.items(), key=lambda item: -item[1])),
        "memoire_max_ensemble_mo": sampler.total_mo,
    }
    file = settings.logs / f"mesures_{nuit}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    magasin.drop_lines(_steps(nuit))
    return file


def _steps(nuit: str) -> str:
    return f"journaux/etapes_{nuit}.jsonl"


def _peak_mo(who: int) -> float:
    return round(resource.getrusage(who).ru_maxrss / 1024, 1)


def _tree(name: str, pid: int) -> Iterator[tuple[str, int]]:
    try:
        root = psutil.Process(pid)
        yield name, root.memory_info().rss
        for child in root.children(recursive=True):
            try:
                yield f"{name} : {_kind(child)}", child.memory_info().rss
            except psutil.Error:
                continue
    except psutil.Error:
        return


def _kind(process: psutil.Process) -> str:
    title = " ".join(process.cmdline())
    if title.startswith("airflow worker -- LocalExecutor"):
        return "exécuteur"
    if title.startswith("airflow worker"):
        return "tâche"
    return title.split(":", 1)[0].split()[0].rsplit("/", 1)[-1] if title else process.name()
