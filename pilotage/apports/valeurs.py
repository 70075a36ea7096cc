"""One value of a territory's file against its column: what is wrong, what was expected, how to fix it."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from typing import NamedTuple

from pilotage.catalogue import Colonne
from pilotage.formes import FORMES
from pilotage.valeurs_personnelles import COURRIEL, TELEPHONE, TELEPHONE_BARRE

DATE = re.compile(r"(19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}")
JOUR_MOIS = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
ENTIER, DECIMAL = r"-?[0-9]{1,9}", r"-?[0-9]{1,15}([.,][0-9]{1,15})?"
BLANCS = " \t\r\n\u00a0\u2009\u202f\ufeff"  # what staging trims
PERSONNEL = re.compile(f"{COURRIEL}|{TELEPHONE}|{TELEPHONE_BARRE}")
COMMANDE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # no tab nor line break: those may stand in a text
INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
PERSONNELLE = "(donnée personnelle)"
TEXTE = "mettre la colonne au format texte dans le tableur"


class Defaut(NamedTuple):
    """What a message says of a value."""

    message: str
    attendu: str | None
    conseil: str


def check_value(colonne: Colonne, value: str, simulation: bool = False) -> Defaut | None:
    """The first fault of a value; None when it is good. An empty value is only wrong where one is required."""
    rules = colonne.regles
    if not value.strip(BLANCS):
        return Defaut("valeur absente", _expected(colonne), "la remplir") if rules.obligatoire else None
    if value != value.strip(BLANCS):
        advice = "enlever les espaces autour de la valeur"
        return Defaut(f"{quoted(colonne, value)} commence ou finit par un espace", None, advice)
    if COMMANDE.search(value) or INVISIBLE.search(value):
        said = PERSONNELLE if colonne.personnel else f"{shown(value)!a}"
        return Defaut(f"{said} contient un caractère invisible", None, "retaper la valeur")
    fault = _check_type(colonne, value, simulation)
    if fault:
        return fault
    if rules.valeurs and value not in rules.valeurs:
        close = difflib.get_close_matches(value[:80].lower(), rules.valeurs, n=1)
        advice = f"écrire « {close[0]} »" if close else "prendre l'une des valeurs permises, telle quelle"
        return Defaut(f"{quoted(colonne, value)} n'est pas permis", ", ".join(rules.valeurs), advice)
    if rules.motif and not re.fullmatch(rules.motif.strip("^$"), value):
        return Defaut(
            f"{quoted(colonne, value)} n'a pas la forme voulue",
            rules.forme or rules.motif,
            f"par exemple {rules.exemple}",
        )
    if colonne.type in ("entier", "decimal"):
        return _check_bounds(colonne, float(value.replace(",", ".")))
    if not colonne.personnel and colonne.type == "texte" and PERSONNEL.search(value):
        advice = "la retirer, ou la mettre dans une colonne de donnée personnelle, qui n'est jamais publiée"
        return Defaut("adresse électronique ou téléphone dans une colonne publiée", None, advice)
    return None


def shown(value: str) -> str:
    """A value as a message quotes it: its beginning, when it is long."""
    return value if len(value) <= 80 else f"{value[:80]}…"


def quoted(colonne: Colonne, value: str) -> str:
    """What a message says of a value: itself, or that it is personal, since messages go further than the file."""
    return PERSONNELLE if colonne.personnel else f"« {shown(value)} »"


def as_date(value: str) -> dt.date | None:
    """The day that a clean ISO date says; None for anything else."""
    try:
        return dt.date.fromisoformat(value) if DATE.fullmatch(value) else None
    except ValueError:
        return None


def _check_type(colonne: Colonne, value: str, simulation: bool) -> Defaut | None:
    if colonne.type == "entier" and not re.fullmatch(ENTIER, value):
        return Defaut(
            f"{quoted(colonne, value)} n'est pas un nombre entier",
            "des chiffres",
            "enlever espaces, unités et décimales",
        )
    if colonne.type == "decimal" and not re.fullmatch(DECIMAL, value):
        return Defaut(
            f"{quoted(colonne, value)} n'est pas un nombre", "12,5 ou 12.5", "enlever espaces, unités et signes %"
        )
    if colonne.type == "date" and as_date(value) is None:
        return Defaut(f"{quoted(colonne, value)} n'est pas une date", "AAAA-MM-JJ", _date_advice(colonne, value))
    form = FORMES.get(colonne.type)
    if form is None:
        return None
    regex = (simulation and form.regex_simulation) or form.regex
    if re.fullmatch(regex.strip("^$"), value):
        return None
    if form.zeros_perdus and re.fullmatch(form.zeros_perdus, value):
        return Defaut(
            f"{quoted(colonne, value)} a perdu son zéro de tête", None if colonne.personnel else f"0{value}", TEXTE
        )
    return Defaut(f"{quoted(colonne, value)} n'a pas la forme voulue", form.sens.rstrip("."), TEXTE)


def _check_bounds(colonne: Colonne, number: float) -> Defaut | None:
    low, high = colonne.regles.minimum, colonne.regles.maximum
    if (low is None or number >= low) and (high is None or number <= high):
        return None
    bounds = [f"au moins {low:g}" if low is not None else "", f"au plus {high:g}" if high is not None else ""]
    unit = f", en {colonne.unite}" if colonne.unite else ""
    return Defaut(
        f"{PERSONNELLE if colonne.personnel else f'{number:g}'} est hors des bornes",
        " et ".join(b for b in bounds if b) + unit,
        "corriger la valeur",
    )


def _date_advice(colonne: Colonne, value: str) -> str:
    found = None if colonne.personnel else JOUR_MOIS.fullmatch(value)
    day = as_date(f"{found[3]}-{int(found[2]):02d}-{int(found[1]):02d}") if found else None
    written = f"écrire {day} ; " if day else ""
    return f"{written}donner à la colonne le format de date AAAA-MM-JJ"


def _expected(colonne: Colonne) -> str | None:
    rules = colonne.regles
    return ", ".join(rules.valeurs) or rules.forme or (f"par exemple {rules.exemple}" if rules.exemple else None)
