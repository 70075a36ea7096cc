"""Codes that a territory's files may quote: the guide's actions, the indicators, the sources, the territories."""

from __future__ import annotations

import csv
import difflib
import re
from dataclasses import dataclass, field
from functools import lru_cache

from pilotage.apports.valeurs import Defaut, shown
from pilotage.catalogue import load_catalogue
from pilotage.config import RACINE
from pilotage.formes import FORMES

SEEDS = RACINE / "dbt_project" / "seeds"
FORMES_NIVEAUX = {
    "commune": "code_commune",
    "epci": "siren",
    "departement": "code_departement",
    "region": "code_region",
}


@dataclass(frozen=True)
class References:
    """Known codes. `territoires`: those declared beside; `entrepot`: keys `niveau:code`, None when none was asked."""

    territoires: frozenset[str] | None = None
    entrepot: frozenset[str] | None = field(default=None, repr=False)
    simulation: bool = False

    def check(self, kind: str, value: str, niveau: str | None) -> Defaut | None:
        """The fault of a quoted code; None when it is known, or when nobody here can tell."""
        if kind == "territoire":
            return self._check_territory(niveau or "", value)
        known = {"action": actions, "indicateur": indicators, "source": sources, "source_ou_local": sources}[kind]()
        if value in known or (kind == "source_ou_local" and value == "local"):
            return None
        close = difflib.get_close_matches(value[:80], known, n=3)
        where = "docs/tracabilite.md" if kind in ("action", "indicateur") else "docs/sources.md"
        label = kind.partition("_")[0]
        return Defaut(
            f"{label} « {shown(value)} » inconnue du catalogue", ", ".join(close) or None, f"la chercher dans {where}"
        )

    def _check_territory(self, niveau: str, code: str) -> Defaut | None:
        if niveau == "france" and code != "FR":
            return Defaut(f"« {shown(code)} » n'est pas la France", "FR", "écrire FR")
        if niveau == "territoire" and self.territoires is not None and code not in self.territoires:
            close = ", ".join(difflib.get_close_matches(code[:80], self.territoires, n=3))
            advice = "l'ajouter à apports/territoires, ou corriger le code"
            return Defaut(f"territoire « {shown(code)} » absent de apports/territoires", close or None, advice)
        form = FORMES.get(FORMES_NIVEAUX.get(niveau, ""))
        if form and not re.fullmatch(((self.simulation and form.regex_simulation) or form.regex).strip("^$"), code):
            advice = "vérifier le niveau et le code, colonne au format texte"
            return Defaut(f"« {shown(code)} » n'est pas un code de niveau {niveau}", form.sens.rstrip("."), advice)
        if self.entrepot is not None and niveau != "territoire" and f"{niveau}:{code}" not in self.entrepot:
            advice = "chercher le code dans commun.dim_territoires"
            return Defaut(f"{niveau} « {shown(code)} » inconnu de l'entrepôt", None, advice)
        return None


def actions() -> frozenset[str]:
    return _column("actions.csv", "code_action")


def indicators() -> frozenset[str]:
    return _column("indicateurs.csv", "code_indicateur")


def sources() -> frozenset[str]:
    return frozenset(name for name, card in load_catalogue().items() if not card.est_apport)


def known_territories() -> frozenset[str]:
    """Keys `niveau:code` of the visible generation.

    Raises:
        SQLAlchemyError: no warehouse answers, or none was built.
    """
    from sqlalchemy import text

    from pilotage.database import get_engine

    with get_engine().connect() as connection:
        return frozenset(connection.scalars(text("SELECT cle_territoire FROM commun.dim_territoires")))


@lru_cache(maxsize=8)
def _column(seed: str, column: str) -> frozenset[str]:
    with (SEEDS / seed).open(encoding="utf-8", newline="") as stream:
        return frozenset(row[column] for row in csv.DictReader(stream))
