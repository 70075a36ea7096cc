"""Where a night's time goes: `python -m tests.banc_profil [charger] [construire] [--modeles 15] [--fonctions ETAPE]`.

On the home and the source that the environment names (PILOTAGE_HOME, PILOTAGE_SOURCES), without Airflow: each step's
seconds, processor seconds of Python (dbt included) and of PostgreSQL, most memory of both; dbt's slowest
nodes; and with `--fonctions build/synthese`, the Python functions of a step. Processor seconds
stay comparable on a loaded machine, seconds do not.
"""

from __future__ import annotations

import argparse
import cProfile
import datetime as dt
import json
import os
import pstats
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from pilotage import chaine, postgres
from pilotage.commandes.etapes import _prepare
from pilotage.config import get_settings


@dataclass
class Cout:
    """What a step took; several of one name (the sources') are summed, memory excepted."""

    secondes: float = 0.0
    python_s: float = 0.0
    postgres_s: float = 0.0
    python_mo: float = 0.0
    postgres_mo: float = 0.0
    fois: int = 0


@dataclass
class Releve:
    """Costs by step, in order of appearance, and the profile of the step that was asked for."""

    fonctions: str = ""
    couts: dict[str, Cout] = field(default_factory=dict)
    profil: cProfile.Profile = field(default_factory=cProfile.Profile)

    @contextmanager
    def step(self, nuit: str, etape: str, objet: str) -> Iterator[object]:
        """In place of the night's journal, which it still writes."""
        name = etape if etape in ("fetch", "load", "gate") and "__" in objet else f"{etape}/{objet}"
        cost = self.couts.setdefault(name, Cout())
        asked = name == self.fonctions
        memory, done = [0.0, 0.0], threading.Event()
        watcher = threading.Thread(target=_watch_memory, args=(memory, done), daemon=True)
        before, start = (_python_s(), server_s()), time.perf_counter()
        watcher.start()
        if asked:
            self.profil.enable()
        try:
            with _journal(nuit, etape, objet) as journal:
                yield journal
        finally:
            if asked:
                self.profil.disable()
            done.set()
            watcher.join()
            cost.secondes += time.perf_counter() - start
            cost.python_s += _python_s() - before[0]
            cost.postgres_s += server_s() - before[1]
            cost.python_mo, cost.postgres_mo = max(cost.python_mo, memory[0]), max(cost.postgres_mo, memory[1])
            cost.fois += 1


_journal = chaine.suivre_etape


def _python_s() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _server() -> psutil.Process:
    pid_file = postgres.postgres_dir(get_settings()) / "donnees" / "postmaster.pid"
    return psutil.Process(int(pid_file.read_text().split("\n", 1)[0]))


def server_s() -> float:
    """Processor seconds of the embedded server since it started: sessions that ended, and those that live."""
    total = 0.0
    server = _server()
    for process in [server, *server.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue  # the server has counted it among those that ended
        total += times.user + times.system
        if process == server:
            total += times.children_user + times.children_system
    return total


def _watch_memory(highest: list[float], done: threading.Event) -> None:
    own, server = psutil.Process(), _server()
    while not done.wait(0.5):
        for rank, root in enumerate((own, server)):
            highest[rank] = max(highest[rank], _tree_mo(root))


def _tree_mo(root: psutil.Process) -> float:
    total = 0
    for process in [root, *root.children(recursive=True)]:
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue  # it ended while we looked
    return total / 1e6


def run(parts: list[str], found: Releve) -> None:
    """Run the parts of a night that were asked for, measured into `found`: a refused gate loses nothing of it."""
    chaine.suivre_etape = found.step
    _prepare()
    nuit = f"profil_{dt.datetime.now():%Y%m%dT%H%M%S}"
    try:
        if "charger" in parts:
            done = chaine.ingest(nuit)
            for source, error in done.erreurs.items():
                Console(stderr=True).print(f"{source} : {error}", markup=False)
        if "construire" in parts:
            chaine.build(nuit)
    finally:
        chaine.suivre_etape = _journal


def print_steps(found: Releve) -> None:
    total = sum(cost.secondes for cost in found.couts.values()) or 1
    table = Table(title=f"Étapes, {os.cpu_count()} cœurs, charge {os.getloadavg()[1]:.1f}")
    for name in ("Étape", "Fois", "Secondes", "Part", "Python (s)", "PostgreSQL (s)", "Python (Mo)", "PostgreSQL (Mo)"):
        table.add_column(name, justify="left" if name == "Étape" else "right")
    for name, cost in found.couts.items():
        figures = (cost.python_s, cost.postgres_s)
        table.add_row(
            name,
            str(cost.fois),
            f"{cost.secondes:.1f}",
            f"{cost.secondes / total:.0%}",
            *(f"{value:.1f}" for value in figures),
            f"{cost.python_mo:.0f}",
            f"{cost.postgres_mo:.0f}",
        )
    sums = [sum(getattr(cost, name) for cost in found.couts.values()) for name in ("python_s", "postgres_s")]
    table.add_row("Ensemble", "", f"{total:.1f}", "", *(f"{value:.1f}" for value in sums), "", "")
    Console(width=150).print(table)


def print_models(folder: Path, count: int) -> None:
    """dbt's own accounts of the last generation: a line an axis, then the slowest nodes."""
    axes, nodes = Table(title="dbt par axe"), Table(title=f"Les {count} nœuds les plus longs")
    for name in ("Axe", "Exécution (s)", "Modèles et graines", "Leurs secondes", "Tests", "Leurs secondes"):
        axes.add_column(name, justify="left" if name == "Axe" else "right")
    for name in ("Secondes", "Axe", "Nœud", "Lignes"):
        nodes.add_column(name)
    rows = []
    for path in sorted(folder.glob("*/run_results.json")):
        content = json.loads(path.read_text())
        times: dict[bool, list[float]] = {True: [], False: []}
        for node in content["results"]:
            kind, _, name = node["unique_id"].split(".")[:3]
            times[kind in ("test", "unit_test")].append(node["execution_time"])
            affected = (node.get("adapter_response") or {}).get("rows_affected")
            rows.append((node["execution_time"], path.parent.name, f"{kind} {name}", affected))
        counts = [f(times[tests]) for tests in (False, True) for f in (len, sum)]
        axes.add_row(path.parent.name, f"{content['elapsed_time']:.1f}", *(f"{value:.0f}" for value in counts))
    for seconds, axe, name, affected in sorted(rows, key=lambda row: -row[0])[:count]:
        nodes.add_row(f"{seconds:.1f}", axe, name, str(affected if affected is not None else ""))
    for table in (axes, nodes):
        Console(width=150).print(table)


def print_all(found: Releve, options: argparse.Namespace) -> None:
    """All that was measured, of a night that went to its end or not."""
    print_steps(found)
    built = sorted(get_settings().dbt_target.glob("g*/*/run_results.json"))
    if built and any(name.startswith("build/") for name in found.couts):
        print_models(built[-1].parent.parent, options.modeles)
    if options.fonctions in found.couts:
        pstats.Stats(found.profil).sort_stats("cumulative").print_stats(25)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parties", nargs="*", default=["charger", "construire"])
    parser.add_argument("--modeles", type=int, default=15)
    parser.add_argument("--fonctions", default="", help="a step, as the table names it: build/synthese, gate…")
    options = parser.parse_args()
    found = Releve(options.fonctions)
    with postgres.lend():
        try:
            run(options.parties, found)
        finally:
            print_all(found, options)


if __name__ == "__main__":
    main()
