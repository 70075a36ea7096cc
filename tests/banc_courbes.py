"""What cost curves share: a sampler of memory over time, sizes on disk, log-log slopes, one form of table."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table


class Releveur(threading.Thread):
    """Proportional memory (PSS, in Mo) of trees of processes, once a period; children found at each reading."""

    def __init__(self, racines: Callable[[], list[int]], periode_s: float = 1.0, disque: Path | None = None) -> None:
        super().__init__(daemon=True)
        self.racines, self.periode_s, self.disque = racines, periode_s, disque
        self.releves: list[tuple[float, float]] = []
        self.calcul: list[tuple[float, float]] = [(time.time(), 0.0)]
        self.octets = 0
        self.panne: Exception | None = None
        self._over = threading.Event()

    def run(self) -> None:
        try:
            self._sample()
        except Exception as error:  # told by `stop`: a thread that dies says nothing by itself
            self.panne = error

    def _sample(self) -> None:
        while not self._over.is_set():
            roots = self.racines()
            self.releves.append((time.time(), sum(map(tree_pss, roots)) / 1e6))
            self.calcul.append((time.time(), max(self.calcul[-1][1], sum(map(tree_cpu, roots)))))
            if self.disque:
                self.octets = max(self.octets, tree_size(self.disque))
            self._over.wait(self.periode_s)

    def stop(self) -> None:
        """Stop reading.

        Raises:
            RuntimeError: readings had stopped before, so that what they tell is not of the whole run.
        """
        self._over.set()
        self.join()
        if self.panne:
            raise RuntimeError(f"les relevés se sont arrêtés en route : {self.panne!r}") from self.panne

    def peak(self, debut: float = 0, fin: float = float("inf")) -> float:
        """Highest reading of a span, in Mo; a span shorter than a period has its nearest reading."""
        inside = [mo for t, mo in self.releves if debut - self.periode_s <= t <= fin + self.periode_s]
        return round(max(inside, default=0.0), 1)

    def cpu(self, debut: float, fin: float) -> float:
        """Processor seconds spent between two instants, interpolated between readings: other work does not count."""
        x, y = np.array(self.calcul).T
        return float(np.interp(fin, x, y) - np.interp(debut, x, y))

    def duree(self) -> float:
        return self.releves[-1][0] - self.releves[0][0] if self.releves else 0.0


def tree_pss(pid: int) -> int:
    """Bytes of a process and its descendants, shared pages divided among those that map them."""
    total = 0
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.Error:
        return 0
    for process in family:
        try:
            total += process.memory_full_info().pss
        except psutil.Error:  # it ended between the two calls
            continue
    return total


def tree_cpu(pid: int) -> float:
    """Processor seconds of a process and its descendants, those that ended and were waited for included."""
    total = 0.0
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.Error:
        return 0.0
    for process in family:
        try:
            total += sum(process.cpu_times()[:4])
        except psutil.Error:
            continue
    return total


def tree_size(folder: Path) -> int:
    """Bytes that the files of a folder take; those that vanish meanwhile count nothing."""
    total, pending = 0, [str(folder)]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                found = list(entries)
        except OSError:
            continue
        for entry in found:
            try:
                total += entry.stat(follow_symlinks=False).st_blocks * 512
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
            except OSError:
                continue
    return total


def croissance(points: dict[int, float]) -> float | None:
    """Least-squares slope of log(cost) on log(size): 1 is linear; None below two points above zero."""
    kept = [(n, v) for n, v in points.items() if v > 0]
    if len(kept) < 2:
        return None
    x, y = np.log(np.array(kept)).T
    return float(np.polyfit(x, y, 1)[0])


def table_courbes(
    console: Console, titre: str, courbes: dict[str, dict[int, float]], tailles: list[int], unite: str
) -> None:
    """One row a curve: value at each size, ratio of the last to the first, slope overall and between the last two."""
    table = Table(title=f"{titre} ({unite})")
    table.add_column("")
    for size in tailles:
        table.add_column(f"{size:,}".replace(",", " "), justify="right")
    for column in ("rapport", "pente", "dernière pente"):
        table.add_column(column, justify="right")
    for name, points in sorted(courbes.items(), key=lambda kv: -max(kv[1].values())):
        known = [n for n in tailles if n in points]
        cells = [f"{points[n]:.1f}" if n in points else "—" for n in tailles]
        slope, last = croissance(points), croissance({n: points[n] for n in known[-2:]})
        ratio = points[known[-1]] / points[known[0]] if len(known) > 1 and points[known[0]] else None
        cells += [f"{v:.2f}" if v is not None else "—" for v in (ratio, slope, last)]
        table.add_row(name, *cells)
    console.print(table)
