"""Figures in French, for the reasons that people read."""

from __future__ import annotations

import math

ESPACE = "\u202f"
UNITES = {
    "temps_min": "min",
    "temps_plan_min": "min",
    "temps_mediateur_min": "min",
    "temps_hote_min": "min",
    "population_a_desservir": "habitants",
}
NOMS = {
    "site_sur_place": "site ouvert dans la commune",
    "retenue_par_le_plan": "commune retenue par le plan",
    "temps_min": "temps vers le site le plus proche",
    "temps_plan_min": "temps vers le site proposé par le plan le plus proche",
    "temps_mediateur_min": "temps vers un médiateur numérique",
    "temps_hote_min": "temps vers un lieu d'accueil possible",
    "dematerialisable": "score « dématérialisable » du service",
    "dematerialisable_bas": "score « dématérialisable » du service, borne basse",
    "aptitude_numerique": "aptitude numérique",
    "aptitude_numerique_bas": "aptitude numérique, borne basse",
    "population_a_desservir": "population au-delà du seuil à 20 min à la ronde",
}


def nombre(value: float, decimals: int = 0) -> str:
    """1234.5 -> «1 234,5» with a narrow no-break space; «inconnu» for a missing value."""
    if value is None or math.isnan(value):
        return "inconnu"
    return f"{value:,.{decimals}f}".replace(",", ESPACE).replace(".", ",")


def mesure(name: str, value: float, beside: float | None = None) -> str:
    """A measure's value with its unit; a score has two decimals. One more decimal when it would read like `beside`."""
    if value is not None and math.isinf(value):
        return "aucun à portée"
    unit = UNITES.get(name)
    decimals = 0 if unit else 2
    if beside is not None and value != beside and nombre(value, decimals) == nombre(beside, decimals):
        decimals += 1
    return f"{nombre(value, decimals)} {unit}" if unit else nombre(value, decimals)
