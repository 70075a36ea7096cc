"""Histories of communes drawn at random, in the lines of the movements file, and carried by an oracle of their own.

The oracle knows nothing of the models: it plays the lines of the file day after day on a purse of people.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field

from hypothesis import strategies as st

JOURS = [dt.date(year, 1, 1) for year in range(2018, 2026)]
RECENSEMENTS = [dt.date(year, 1, 1) for year in (2019, 2021, 2023, 2025)]


@dataclass
class Histoire:
    """Lines (day, type, before, after), populations by (day of the codes, code), codes alive from each day on."""

    lignes: list[tuple[dt.date, str, str, str]] = field(default_factory=list)
    populations: dict[tuple[dt.date, str], int] = field(default_factory=dict)
    vivantes: dict[dt.date, set[str]] = field(default_factory=dict)
    moves: list = field(default_factory=list, repr=False)  # what the models made of the lines


@st.composite
def histoires(draw: st.DrawFn) -> Histoire:
    """Mergers, restorations, changes of code (some merged the same day) and of name, on up to eight communes."""
    h = Histoire()
    codes = [f"01{n:03d}" for n in range(1, draw(st.integers(3, 8)) + 1)]
    membres = {code: [] for code in codes}
    libres = iter(f"02{n:03d}" for n in range(1, 100))
    h.vivantes[dt.date(2017, 1, 1)] = set(codes)
    for jour in JOURS:
        touchees: set[str] = set()
        for _ in range(draw(st.integers(0, 2))):
            _draw_event(draw, h, jour, membres, touchees, libres)
        h.vivantes[jour] = set(membres)
        if jour in RECENSEMENTS:
            for code in sorted(membres):
                if draw(st.integers(0, 9)):  # one census in ten does not know the commune
                    h.populations[jour, code] = draw(st.integers(1, 5000))
    return h


def _draw_event(draw: st.DrawFn, h: Histoire, jour: dt.date, membres: dict, touchees: set, libres) -> None:
    calmes = sorted(set(membres) - touchees)
    kind = draw(st.sampled_from(["10", "21", "32", "32", "50", "41"]))
    if kind in ("32", "41") and len(calmes) > 2:
        groupe = draw(st.lists(st.sampled_from(calmes), min_size=2, max_size=3, unique=True))
        chef, *autres = groupe
        if kind == "41":  # changes département, then merges under its new code on the same day
            nouveau = next(libres)
            h.lignes.append((jour, "41", autres[0], nouveau))
            membres[nouveau] = membres.pop(autres[0])
            autres[0] = nouveau
        for code in (chef, *autres):
            h.lignes.append((jour, "32", code, chef))
        for code in autres:
            membres[chef] += [code, *membres.pop(code)]
        touchees |= {*groupe, *autres}
    elif kind == "21" and (reunies := [c for c in calmes if membres[c]]):
        code = draw(st.sampled_from(reunies))
        parties = draw(st.lists(st.sampled_from(membres[code]), min_size=1, max_size=3, unique=True))
        parties = [p for p in parties if p not in touchees]
        for vers in (code, *parties):
            h.lignes.append((jour, "21", code, vers))
        membres[code] = [c for c in membres[code] if c not in parties]
        membres |= {partie: [] for partie in parties}
        touchees |= {code, *parties}
    elif kind in ("10", "50") and calmes:
        code = draw(st.sampled_from(calmes))
        vers = code if kind == "10" else next(libres)
        h.lignes.append((jour, kind, code, vers))
        membres[vers] = membres.pop(code)
        touchees |= {code, vers}


def play(h: Histoire, purse: dict[str, float], depuis: dt.date, jusque: dt.date = dt.date.max) -> dict[str, float]:
    """People by code after the movements of the days ]depuis, jusque]."""
    for jour in sorted({ligne[0] for ligne in h.lignes if depuis < ligne[0] <= jusque}):
        sorties = defaultdict(set)
        for quand, _, avant, apres in h.lignes:
            if quand == jour:
                sorties[avant].add(apres)
        todo, after = list(purse.items()), defaultdict(float)
        while todo:
            code, people = todo.pop()
            for vers, part in _shares(h, jour, code, sorties.get(code, {code})).items():
                passing = vers != code and vers in sorties and vers not in sorties[vers]
                if passing:
                    todo.append((vers, people * part))
                else:
                    after[vers] += people * part
        purse = dict(after)
    return purse


def _shares(h: Histoire, jour: dt.date, code: str, arrivees: set[str]) -> dict[str, float]:
    """By the first census that knows each part from that day on; equal when one of them is not known."""
    known = {
        vers: next((h.populations[d, vers] for d in RECENSEMENTS if d >= jour and (d, vers) in h.populations), None)
        for vers in arrivees
    }
    if len(arrivees) > 1 and None not in known.values():
        return {vers: people / sum(known.values()) for vers, people in known.items()}
    return dict.fromkeys(arrivees, 1 / len(arrivees))
