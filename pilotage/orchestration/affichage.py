"""The progress of a night: a live table in a terminal, one line a finished step elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.live import Live
from rich.table import Table
from sqlalchemy import text

from pilotage.database import get_engine

QUERY = text(
    "SELECT etape, objet, etat, lignes, message, extract(epoch FROM coalesce(fin, clock_timestamp()) - debut)::float "
    "AS secondes FROM pilotage.etapes WHERE nuit = :nuit ORDER BY id"
)
SIGNES = {"en_cours": "[cyan]…[/]", "reussie": "[green]✓[/]", "sans_changement": "[dim]=[/]", "echouee": "[red]✗[/]"}
MOTS = {"en_cours": "en cours", "reussie": "réussie", "sans_changement": "sans changement", "echouee": "ÉCHEC"}
LIGNE = ("fetch", "load", "gate")
HORS_TABLE = 10  # lines of a terminal that the table leaves to its title, heads and what comes around


@dataclass(frozen=True)
class Pas:
    """The last attempt of one step on one object."""

    etape: str
    objet: str
    etat: str
    lignes: int | None
    message: str | None
    secondes: float


def read_steps(nuit: str) -> dict[tuple[str, str], Pas]:
    """Steps of a night by (step, object); a retry replaces the attempt before it."""
    with get_engine().connect() as connection:
        rows = connection.execute(QUERY, {"nuit": nuit}).mappings().all()
    return {(row["etape"], row["objet"]): Pas(**row) for row in rows}


class Affichage:
    """Shows `steps`; `sources` come first, one line each, then one line for each later object."""

    def __init__(self, console: Console, sources: list[str]) -> None:
        self.console = console
        self.sources = sources
        self.phase = "démarrage"
        self._start = time.monotonic()
        self._live: Live | None = None
        self._said: set[tuple[str, str, str]] = set()

    @contextmanager
    def following(self) -> Iterator[None]:
        """Keep the live table on screen for the length of the block."""
        if not self.console.is_terminal:
            yield
            return
        with Live(console=self.console, refresh_per_second=2, transient=False) as self._live:
            yield

    def update(self, phase: str, steps: dict[tuple[str, str], Pas]) -> None:
        self.phase = phase
        if self._live:
            self._live.update(self._table(steps))
        else:
            self._say_news(steps.values())

    def _say_news(self, steps: Iterable[Pas]) -> None:
        for pas in steps:
            key = (pas.etape, pas.objet, pas.etat)
            if pas.etat == "en_cours" or key in self._said:
                continue
            self._said.add(key)
            rows = f", {_number(pas.lignes)} lignes" if pas.lignes is not None else ""
            detail = f" ; {pas.message}" if pas.message else ""
            moment = f"{time.monotonic() - self._start:6.1f} s"
            line = f"{moment}  {pas.objet} : {pas.etape} {MOTS[pas.etat]} en {pas.secondes:.1f} s{rows}{detail}"
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _table(self, steps: dict[tuple[str, str], Pas]) -> Table:
        title = f"Pilotage : {self.phase}, {time.monotonic() - self._start:.0f} s"
        table = Table(title=title, title_justify="left", pad_edge=False, box=None)
        table.add_column("Source ou axe", no_wrap=True)
        for head in ("Reçue", "Chargée", "Contrôlée"):
            table.add_column(head, justify="center")
        for head in ("Lignes", "Secondes"):
            table.add_column(head, justify="right")
        lines = [(source, [steps.get((etape, source)) for etape in LIGNE]) for source in self.sources]
        for objet, cells in _that_fit(lines, self.console.height - HORS_TABLE):
            table.add_row(objet, *[_sign(pas) for pas in cells], _rows(cells), _seconds(cells))
        for objet in dict.fromkeys(objet for _, objet in steps if objet not in self.sources):
            later = [pas for pas in steps.values() if pas.objet == objet]
            signs = " ".join(f"{pas.etape} {SIGNES[pas.etat]}" for pas in later)
            table.add_row(f"[bold]{objet}[/]", signs, "", "", _rows(later), _seconds(later))
        return table


def _that_fit(lines: list[tuple[str, list[Pas | None]]], height: int) -> list[tuple[str, list[Pas | None]]]:
    """All lines, or, in a low terminal, failures and what runs before what is over or has not begun."""
    if len(lines) <= max(height, 5):
        return lines
    order = {"echouee": 0, "en_cours": 1}
    ranked = sorted(lines, key=lambda line: min((order.get(pas.etat, 2) for pas in line[1] if pas), default=3))
    kept = {source for source, _ in ranked[: max(height, 5)]}
    return [line for line in lines if line[0] in kept]


def _sign(pas: Pas | None) -> str:
    return SIGNES[pas.etat] if pas else ""


def _rows(cells: Iterable[Pas | None]) -> str:
    counts = [pas.lignes for pas in cells if pas and pas.lignes is not None]
    return _number(sum(counts)) if counts else ""


def _seconds(cells: Iterable[Pas | None]) -> str:
    known = [pas.secondes for pas in cells if pas]
    return f"{sum(known):.1f}" if known else ""


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}".replace(",", " ")
