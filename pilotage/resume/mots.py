"""Numbers, dates and steps as a French planner reads them; personal values are taken out of every line."""

from __future__ import annotations

import datetime as dt
import re

from pilotage.valeurs_personnelles import CONTACT, COURRIEL, TELEPHONE, TELEPHONE_BARRE

ETAPES = {
    "fetch": "récupération",
    "load": "chargement",
    "gate": "contrôle",
    "build": "construction",
    "generation": "création de la génération",
    "recommander": "recommandations",
    "recommandation": "recommandations",
    "basculer": "publication",
    "exporter": "export des données ouvertes",
    "ecrire_site": "écriture du site",
    "conclure": "conclusion de la collecte",
    "pages": "pages de contrôle",
}
CATEGORIES = {
    "manufacture": "manufacture de proximité",
    "fabrique": "fabrique de territoire",
    "bibliotheque": "bibliothèque",
    "msap": "maison de services au public",
    "conseiller_numerique": "conseiller numérique",
    "france_services": "France services",
    "aidants_connect": "Aidants Connect",
    "la_poste": "point La Poste",
    "mediation": "médiation numérique",
}


def day(date: dt.date | None) -> str:
    return date.strftime("%d/%m/%Y") if date else "date inconnue"


def moment(when: dt.datetime | None) -> str:
    return when.strftime("%d/%m/%Y à %Hh%M") if when else "date inconnue"


def number(value: float, decimals: int = 1) -> str:
    """1234.5 -> «1 234,5» with no useless zero."""
    text = f"{value:,.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return ("0" if text in ("-0", "") else text).replace(",", "\u00a0").replace(".", ",")


def move(before: float, after: float) -> tuple[str, str]:
    """Both values with one decimal, or two where one alone would hide the move."""
    for decimals in (1, 2):
        pair = number(before, decimals), number(after, decimals)
        if pair[0] != pair[1]:
            return pair
    return number(before), number(after)


def count(number_of: int, one: str, many: str) -> str:
    return f"{number(number_of, 0)} {one if number_of == 1 else many}"


def unit(unite: str) -> str:
    """`indice` and the like qualify nothing that a reader needs."""
    return "" if unite in ("indice", "") else f" {unite}"


def shorten(text: str, size: int = 180) -> str:
    """One line of at most `size` characters, cut between words."""
    line = " ".join(text.split())
    return line if len(line) <= size else line[:size].rpartition(" ")[0].rstrip(" ,;:") + "…"


def plain(message: str) -> str:
    """A step's message without what only a developer reads: driver classes and English SQL errors."""
    return shorten(re.sub(r"\((psycopg|sqlalchemy)[\w.]*\).*", "erreur de base de données", message, flags=re.DOTALL))


def depersonalise(line: str) -> str:
    """The line without e-mail address, telephone number, or name given as a contact."""
    line = re.sub(COURRIEL, "[adresse retirée]", line)
    for phone in (TELEPHONE, TELEPHONE_BARRE):
        line = re.sub(phone, lambda found: f"{found.group(1)}[numéro retiré]{found.groups()[-1]}", line)
    return re.sub(CONTACT, lambda found: f"{found.group(1)}[nom retiré]", line)
