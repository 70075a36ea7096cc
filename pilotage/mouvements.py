"""Movements of communes: where a code of any day stands at another, by the official file.

Nothing here reads a database: a movement is one line of INSEE's file, with the share of the people who went that way.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

COMMUNE = "COM"


@dataclass(frozen=True)
class Mouvement:
    """One line of the movements file; `part` is None when nobody changed code."""

    date: dt.date
    type: str
    nature_avant: str | None
    code_avant: str | None
    nom_avant: str | None
    nature_apres: str
    code_apres: str
    nom_apres: str
    part: float | None = None
    partage: str | None = None

    @property
    def est_de_communes(self) -> bool:
        return self.nature_avant == COMMUNE and self.nature_apres == COMMUNE

    @property
    def deplace(self) -> bool:
        """True when it takes people from a code to another (or splits them)."""
        return self.part is not None


def carry(code: str, depuis: dt.date, mouvements: Iterable[Mouvement]) -> dict[str, float]:
    """Codes that hold today what `code` held on the day `depuis`, and the share of its people in each.

    A movement of that very day is already in the codes. The shares add up to 1.
    """
    par_jour: dict[dt.date, dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for m in mouvements:
        if m.deplace and m.date > depuis and m.code_avant:
            par_jour[m.date][m.code_avant][m.code_apres] = m.part
    parts = {code: 1.0}
    for jour in sorted(par_jour):
        parts = _apply(parts, par_jour[jour])
    return parts


def _apply(parts: dict[str, float], departs: dict[str, dict[str, float]]) -> dict[str, float]:
    """The movements of one day; a code that was only passed through on that day is left on the same day."""
    arrives: dict[str, float] = defaultdict(float)
    passage: dict[str, float] = defaultdict(float)
    for code, part in parts.items():
        for vers, share in departs.get(code, {code: 1.0}).items():
            traverse = vers != code and vers in departs and vers not in departs[vers]
            (passage if traverse else arrives)[vers] += part * share
    for code, part in (_apply(passage, departs) if passage else {}).items():
        arrives[code] += part
    return dict(arrives)


def name_on(code: str, jour: dt.date, mouvements: Iterable[Mouvement]) -> str | None:
    """Name that a commune's code bore on a day; None when no commune bore it, or when no movement tells."""
    siens = sorted((m for m in mouvements if touches(m, code)), key=lambda m: m.date)
    avant = [m for m in siens if m.date <= jour]
    if avant:
        dernier = [m for m in avant if m.date == avant[-1].date]
        return next((m.nom_apres for m in dernier if m.code_apres == code and m.nature_apres == COMMUNE), None)
    return next((m.nom_avant for m in siens if m.code_avant == code and m.nature_avant == COMMUNE), None)


def touches(m: Mouvement, code: str) -> bool:
    """A commune's own movements: not those of a delegated or associated commune of the same code."""
    return (m.code_avant == code and m.nature_avant == COMMUNE) or (m.code_apres == code and m.nature_apres == COMMUNE)
