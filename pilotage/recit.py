"""The movements of communes told in French sentences."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Callable, Iterable
from itertools import groupby

from pilotage.mouvements import COMMUNE, Mouvement

MOIS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip
MINEURES = {"COMD": "commune déléguée", "COMA": "commune associée", "ARM": "arrondissement"}


def say_day(jour: dt.date) -> str:
    """2019-01-01 -> «1er janvier 2019»."""
    return f"{'1er' if jour.day == 1 else jour.day} {MOIS[jour.month - 1]} {jour.year}"


def say_share(part: float) -> str:
    """0.6447 -> «64,5 %»."""
    return f"{100 * part:.1f} %".replace(".", ",").replace(",0 %", " %")


def say_list(items: Iterable[str]) -> str:
    """«a, b et c», each once, in the order given."""
    unique = list(dict.fromkeys(items))
    return " et ".join([", ".join(unique[:-1]), unique[-1]] if len(unique) > 1 else unique)


def say_of(nom: str) -> str:
    """The name after «de»: «d'Ajaccio», «du Mans», «des Essarts», «de La Rochelle», «de Lyon»."""
    if nom.startswith(("Le ", "Les ")):
        return ("du " if nom.startswith("Le ") else "des ") + nom.split(" ", 1)[1]
    first = unicodedata.normalize("NFD", nom[:1]).upper()[:1]
    return f"d'{nom}" if first in "AEIOUŒÆ" else f"de {nom}"


def tell(mouvements: Iterable[Mouvement]) -> list[str]:
    """One sentence an event, in the order of days: lines of one day, type and object are one event."""
    lines = sorted(mouvements, key=_order)
    sentences = []
    for (jour, kind, _), group in groupby(lines, key=lambda m: (m.date, m.type, _subject(m))):
        sentence = _SENTENCES.get(kind, _other)(_main(list(group)))
        if sentence:
            sentences.append(f"Le {say_day(jour)}, {sentence}.")
    return sentences


def _order(m: Mouvement) -> tuple:
    """By day; on one day, changes of code come before the mergers that use the new code."""
    return m.date, m.type not in ("41", "50"), m.type, _subject(m), m.code_avant or "", m.code_apres


def _subject(m: Mouvement) -> str:
    """What an event is about: the commune left by a split, else the commune of arrival."""
    if m.type in ("20", "21", "30"):
        return m.code_avant if m.nature_avant == COMMUNE and m.code_avant else m.code_apres
    return m.code_apres if m.nature_apres == COMMUNE else m.code_avant or ""


def _main(lines: list[Mouvement]) -> list[Mouvement]:
    """Lines between communes when there are some: the others only say what becomes of the names."""
    return [m for m in lines if m.est_de_communes] or lines


def _before(m: Mouvement) -> str:
    return f"{m.nom_avant} ({m.code_avant})"


def _after(m: Mouvement) -> str:
    return f"{m.nom_apres} ({m.code_apres})"


def _rename(lines: list[Mouvement]) -> str:
    return f"{_before(lines[0])} prend le nom {say_of(lines[0].nom_apres)}"


def _merge(how: str, article: Callable[[str], str]) -> Callable[[list[Mouvement]], str]:
    def sentence(lines: list[Mouvement]) -> str:
        if not all(m.est_de_communes for m in lines):
            return ""  # a delegated or associated commune that follows its own
        if len({m.code_avant for m in lines}) == 1:
            return f"{_before(lines[0])} devient {_after(lines[0])}"
        return f"{say_list(map(_before, lines))} {how} {article(lines[0].nom_apres)} ({lines[0].code_apres})"

    return sentence


def _split(lines: list[Mouvement]) -> str:
    if not all(m.est_de_communes for m in lines):
        return ""
    shares = [f"{_after(m)} {say_share(m.part)}" for m in lines if m.part is not None and m.part < 1]
    people = f" ; ses habitants : {say_list(shares)}{_how(lines)}" if shares else ""
    if len(lines) == 1:
        return f"{_after(lines[0])} est rétablie, à partir de {_before(lines[0])}"
    return f"{_before(lines[0])} se sépare en {say_list(map(_after, lines))}{people}"


def _how(lines: list[Mouvement]) -> str:
    return " (parts égales, faute de recensement)" if any(m.partage == "parts égales" for m in lines) else ""


def _create(lines: list[Mouvement]) -> str:
    origin = [_before(m) for m in lines if m.code_avant and m.code_avant != m.code_apres]
    created = say_list(_after(m) for m in lines if m.code_avant != m.code_apres)
    return f"{created} est créée" + (f", à partir de {say_list(origin)}" if origin else "")


def _remove(lines: list[Mouvement]) -> str:
    return f"{_before(lines[0])} est supprimée, au profit de {say_list(map(_after, lines))}"


def _department(lines: list[Mouvement]) -> str:
    return f"{_before(lines[0])} change de département et prend le code {lines[0].code_apres}"


def _seat(lines: list[Mouvement]) -> str:
    return f"le chef-lieu de {_before(lines[0])} est transféré : elle prend le code {lines[0].code_apres}"


def _lose_part(lines: list[Mouvement]) -> str:
    first = lines[0]
    kind = MINEURES.get(first.nature_avant or "", "commune")
    return f"la {kind} {say_of(_before(first))} est supprimée, au profit de {_after(first)}"


def _change_part(lines: list[Mouvement]) -> str:
    first = lines[0]
    return f"{_before(first)} devient {MINEURES.get(first.nature_apres, 'commune')}"


def _other(lines: list[Mouvement]) -> str:
    return f"{say_list(map(_before, lines))} devient {say_list(map(_after, lines))} (évènement {lines[0].type})"


_SENTENCES: dict[str, Callable[[list[Mouvement]], str]] = {
    "10": _rename,
    "20": _create,
    "21": _split,
    "30": _remove,
    "31": _merge("fusionnent en", str),
    "32": _merge("se réunissent dans la commune nouvelle", say_of),
    "33": _merge("s'associent en", str),
    "34": _lose_part,
    "35": _lose_part,
    "41": _department,
    "50": _seat,
    "70": _change_part,
    "71": _change_part,
}
