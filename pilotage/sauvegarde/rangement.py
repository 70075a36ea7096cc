"""Which landed deliveries may go: a pure rule, so that random histories can be tried against it.

Kept, whatever their age: the current delivery of each file; those in service or waiting; those that were in service
when a generation that still stands was opened; the newest whole one that was never refused; and the newest of each
month, which makes the series. The others go once they are older than the number of days.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

EN_SERVICE = frozenset({"recue", "candidate", "acceptee"})


@dataclass(frozen=True)
class Copie:
    """A landed delivery and what the journal says of it.

    Attributes:
        fichier: source, millésime and name: what it is a delivery of.
        courante: upstream's last word for this file.
        etat: in the journal; None when the journal does not know it.
        decidee_le: when it took that state; for a replaced one, when it left service (None: it was never in service).
        entiere: False for one whose bytes were found damaged or lost.
    """

    livraison: str
    fichier: tuple[str, str, str]
    recue_le: dt.datetime
    courante: bool
    etat: str | None
    decidee_le: dt.datetime | None = None
    octets: int = 0
    entiere: bool = True

    def served_at(self, moment: dt.datetime) -> bool:
        """Whether it may have been in service then; in doubt, it was."""
        if self.etat in EN_SERVICE:
            return self.recue_le <= moment
        return self.decidee_le is not None and self.recue_le <= moment <= self.decidee_le


def removable(
    copies: Iterable[Copie], generations: Iterable[dt.datetime], jours: int, maintenant: dt.datetime
) -> list[Copie]:
    """The copies that may go, oldest first.

    Args:
        generations: when each generation that still stands was opened.
        jours: age from which a copy may go.
    """
    generations = list(generations)
    files: dict[tuple[str, str, str], list[Copie]] = {}
    for copy in copies:
        files.setdefault(copy.fichier, []).append(copy)
    limit = maintenant - dt.timedelta(days=jours)
    going = []
    for same in files.values():
        kept = _kept(same, generations)
        going += [copy for copy in same if copy.livraison not in kept and copy.recue_le < limit]
    return sorted(going, key=lambda copy: (copy.recue_le, copy.livraison))


def _kept(same: list[Copie], generations: list[dt.datetime]) -> set[str]:
    ordered = sorted(same, key=lambda copy: (copy.recue_le, copy.livraison))
    kept = {c.livraison for c in ordered if c.courante or c.etat is None or c.etat in EN_SERVICE}
    kept |= {c.livraison for c in ordered if any(c.served_at(moment) for moment in generations)}
    whole = [c for c in ordered if c.entiere] or ordered
    good = [c for c in whole if c.etat != "refusee"] or whole
    kept.add(good[-1].livraison)
    kept |= set({c.recue_le.strftime("%Y-%m"): c.livraison for c in good}.values())  # the last of a month wins
    return kept
