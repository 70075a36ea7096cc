"""What a whole night of Airflow costs, by sort of process: `python -m tests.banc_nuit [--json FICHIER]`.

Runs `pilotage executer` on the home and the source that the environment names (PILOTAGE_HOME, PILOTAGE_SOURCES), twice
to see a night with something new and then one without. Processor seconds are read three times a second in /proc, each
process's own: what a process used after its last reading is left out. Processor seconds stay comparable on a loaded
machine, seconds do not.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from pilotage.config import RACINE, get_settings
from tests.banc_profil import server_s

PAUSE_S = 0.33
NUMBERS = re.compile(r"[0-9a-f-]{20,}|\d+")
TACHES, SERVEUR, AUTRES = "tâches et leurs exécuteurs", "PostgreSQL", "autres"
# A piece of the command line, and the sort of process that it tells; the first found counts.
SORTES = (
    ("dbt.cli.main", "dbt"),
    ("airflow worker", TACHES),
    ("multiprocessing.forkserver", TACHES),  # what tasks are forked from
    ("airflow task", TACHES),
    ("scheduler", "ordonnanceur d'Airflow"),
    ("api_server", "serveur d'API d'Airflow"),
    ("api-server", "serveur d'API d'Airflow"),
    ("dag-processor", "lecteur des DAG"),
    ("pilotage executer", "lanceur"),
)


@dataclass
class Cout:
    """Processor seconds of a night."""

    secondes: float = 0.0
    code: int = 0
    par_sorte: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    processus: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    autres: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    @property
    def lu_s(self) -> float:
        return sum(self.par_sorte.values())


def sort_of(command: str) -> str:
    return next((sorte for piece, sorte in SORTES if piece in command), AUTRES)


def measure(journal: Path) -> Cout:
    """One night, its output in `journal`."""
    found, read = Cout(), dict[tuple[int, float], tuple[str, float]]()
    start = time.monotonic()
    server = server_before = _server_s()
    strangers = set[tuple[int, float]]()
    with journal.open("wb") as output:
        command = [sys.executable, "-m", "pilotage", "executer"]
        night = subprocess.Popen(command, cwd=RACINE, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        while night.poll() is None:
            _read(night.pid, read, strangers)
            server = max(server, _server_s())  # zero once the night has stopped it
            time.sleep(PAUSE_S)
    found.secondes, found.code = time.monotonic() - start, night.returncode
    for command, seconds in read.values():
        sorte = sort_of(command)
        found.par_sorte[sorte] += seconds
        found.processus[sorte] += 1
        if sorte == AUTRES:
            found.autres[NUMBERS.sub("…", command)[-120:]] += seconds
    found.par_sorte[SERVEUR] = server - server_before
    return found


def _read(night: int, read: dict[tuple[int, float], tuple[str, float]], strangers: set[tuple[int, float]]) -> None:
    """Every process born of the night, even once its parent has gone; PostgreSQL, which counts its own sessions and
    outlives the night, is left out."""
    born = {pid for pid, _ in read} | {night}
    for process in psutil.process_iter():
        try:
            key = (process.pid, process.create_time())
            if key in strangers:
                continue
            if key not in read and (process.name() == "postgres" or not {process.pid, process.ppid()} & born):
                strangers.add(key)
                continue
            times = process.cpu_times()
            command = " ".join(process.cmdline()) or read.get(key, ("", 0.0))[0]  # what has ended has no words left
            read[key] = (command, times.user + times.system)
            born.add(process.pid)
        except psutil.Error:
            continue  # it ended while we looked


def _server_s() -> float:
    """Processor seconds of the home's embedded server; zero while it is stopped."""
    try:
        return server_s()
    except (OSError, ValueError, psutil.Error):
        return 0.0


def print_night(title: str, cost: Cout) -> None:
    table = Table(title=f"{title} : {cost.secondes:.0f} s, charge {os.getloadavg()[2]:.1f}, code {cost.code}")
    for name in ("Sorte", "Processus", "Processeur (s)", "Part"):
        table.add_column(name, justify="left" if name == "Sorte" else "right")
    for sorte, seconds in sorted(cost.par_sorte.items(), key=lambda one: -one[1]):
        count = str(cost.processus[sorte]) if sorte in cost.processus else ""
        table.add_row(sorte, count, f"{seconds:.1f}", f"{seconds / (cost.lu_s or 1):.0%}")
    table.add_row("Ensemble", "", f"{cost.lu_s:.1f}", "")
    Console(width=100).print(table)
    for command, seconds in sorted(cost.autres.items(), key=lambda one: -one[1])[:5]:
        Console(width=160).print(f"{AUTRES} : {seconds:.1f} s, {command}", markup=False, highlight=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nuits", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    home = get_settings().home
    home.mkdir(parents=True, exist_ok=True)
    costs = []
    for rank in range(1, options.nuits + 1):
        journal = home / f"banc_nuit_{rank}.txt"
        costs.append(measure(journal))
        print_night(f"Nuit {rank}", costs[-1])
        if costs[-1].code:
            print(f"la nuit {rank} a échoué : {journal}", file=sys.stderr)
            return 1
    if options.json:
        told = [{**vars(cost), "lu_s": cost.lu_s} for cost in costs]
        options.json.write_text(json.dumps(told, ensure_ascii=False, indent=2), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
