"""Two scenarios side by side: people, sites, cost, proof, who wins and who loses, which decisions change."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models_ml.essai import Essai, groups_of
from models_ml.mots import nombre

DIMENSIONS = {"classe_ruralite": "ruralité", "quintile_pauvrete": "cinquième de pauvreté (5 : le plus pauvre)"}


def summary(one: Essai) -> dict[str, str]:
    """What one scenario gives, in words, by line of the comparison."""
    near, far = one.service.seuil_min, one.service.seuil_alerte_min
    plan, cost = one.plan, one.scenario.cout_site_eur or one.service.actions["implanter"].cout_annuel_eur
    opened = len(plan.rangs) if plan else 0
    return {
        "lieux fermés, ouverts": f"{len(one.scenario.fermetures)}, {len(one.scenario.ouvertures)}",
        "sites proposés par le plan": nombre(opened),
        "coût annuel des sites proposés": f"{nombre(opened * cost)} €" if cost else "inconnu",
        f"habitants à plus de {nombre(near)} min": nombre(one.beyond(near)),
        f"habitants à plus de {nombre(far)} min": nombre(one.beyond(far)),
        "temps moyen par habitant": _mean(one),
        "plan": "aucun" if plan is None else _proof(plan),
    }


def _mean(one: Essai) -> str:
    known = np.isfinite(one.temps) & (one.population > 0)
    if not known.any():
        return "inconnu"
    return f"{nombre(np.average(one.temps[known], weights=one.population[known]), 1)} min"


def _proof(plan) -> str:
    word = "prouvé" if plan.plan.prouve else "NON prouvé"
    return f"{nombre(plan.plan.objectif)} couverts, au plus {nombre(plan.plan.borne)} ({word})"


def compare(first: Essai, second: Essai) -> pd.DataFrame:
    """Lines of the comparison; columns ligne, and one a scenario."""
    left, right = summary(first), summary(second)
    names = list(dict.fromkeys([*left, *right]))
    rows = [(name, left.get(name, "—"), right.get(name, "—")) for name in names]
    return pd.DataFrame(rows, columns=["ligne", first.scenario.nom, second.scenario.nom])


def changes(first: Essai, second: Essai) -> pd.DataFrame:
    """One row a commune of the territory: minutes and decision under each scenario, and what changed."""
    communes = first.donnees.communes
    frame = pd.DataFrame(
        {
            "code_commune": communes.code_commune,
            "nom_commune": communes.nom_commune,
            "population": communes.population,
            "temps_a_min": first.temps,
            "temps_b_min": second.temps,
            "action_a": first.decisions.action,
            "action_b": second.decisions.action,
        }
    )
    with np.errstate(invalid="ignore"):
        frame["ecart_min"] = np.where(first.temps == second.temps, 0.0, second.temps - first.temps)
    frame["action_change"] = frame.action_a != frame.action_b
    return frame[first.dedans | second.dedans].reset_index(drop=True)


def winners_and_losers(first: Essai, second: Essai, dimension: str) -> pd.DataFrame:
    """People nearer and people further under the second scenario, by group. Columns groupe, gagnants, perdants."""
    group = groups_of(first.donnees.communes)[dimension]
    people = np.maximum(first.population, second.population)
    with np.errstate(invalid="ignore"):
        nearer, further = second.temps < first.temps - 1e-9, second.temps > first.temps + 1e-9
    frame = pd.DataFrame({"groupe": group, "gagnants": people * nearer, "perdants": people * further})
    frame = frame[first.dedans | second.dedans].dropna(subset="groupe")
    return frame.groupby("groupe", as_index=False).sum()
