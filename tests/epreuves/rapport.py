"""What a campaign found: one line a fault, one table in the end."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass
class Epreuve:
    """One injected fault and what became of the data.

    atteint: the fault struck while the step was at work, not after its end. issue: how the struck step ended.
    """

    famille: str
    sorte: str
    cible: str
    issue: str
    atteint: bool = True
    perdues: int = 0
    doublees: int = 0
    entrevues: int = 0
    inattendue: str = ""
    secondes: float = 0.0

    @property
    def est_bonne(self) -> bool:
        return not (self.perdues or self.doublees or self.entrevues or self.inattendue)


@dataclass
class Rapport:
    """A whole campaign."""

    graine: int
    epreuves: list[Epreuve] = field(default_factory=list)
    lectures: dict[str, int] = field(default_factory=dict)
    ecartees: dict[str, str] = field(default_factory=dict)

    @property
    def est_bon(self) -> bool:
        return bool(self.epreuves) and all(one.est_bonne for one in self.epreuves)

    def add(self, epreuve: Epreuve, console: Console) -> None:
        self.epreuves.append(epreuve)
        mark = "✓" if epreuve.est_bonne else "✗"
        line = f"{len(self.epreuves):4d} {mark} {epreuve.famille} / {epreuve.sorte} / {epreuve.cible} : {epreuve.issue}"
        if epreuve.inattendue:
            line += f" ; INATTENDU : {epreuve.inattendue}"
        console.print(f"{line} ({epreuve.secondes:.1f} s)"[:500], markup=False, highlight=False, soft_wrap=True)

    def show(self, console: Console) -> None:
        table = Table(title=f"Fautes injectées (graine {self.graine})")
        for name in ("Famille", "Faute"):
            table.add_column(name)
        for name in ("Fautes", "En plein travail", "Perdues", "Doublées", "Entrevues", "Non réparées"):
            table.add_column(name, justify="right")
        groups: dict[tuple[str, str], list[Epreuve]] = defaultdict(list)
        for one in self.epreuves:
            groups[one.famille, one.sorte].append(one)
        for (famille, sorte), ones in sorted(groups.items()):
            table.add_row(famille, sorte, *_sums(ones))
        table.add_section()
        table.add_row("Ensemble", "", *_sums(self.epreuves))
        console.print(table)
        for name, count in sorted(self.lectures.items()):
            console.print(f"{name} : {count}", highlight=False)
        for family, reason in self.ecartees.items():
            console.print(f"Écartée : {family} : {reason}", highlight=False)

    def write(self, path: Path) -> None:
        content = {"graine": self.graine, "epreuves": [asdict(one) for one in self.epreuves]}
        content |= {"lectures": self.lectures, "ecartees": self.ecartees}
        path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _sums(ones: list[Epreuve]) -> list[str]:
    return [
        str(len(ones)),
        str(sum(one.atteint for one in ones)),
        str(sum(one.perdues for one in ones)),
        str(sum(one.doublees for one in ones)),
        str(sum(one.entrevues for one in ones)),
        str(sum(bool(one.inattendue) for one in ones)),
    ]
