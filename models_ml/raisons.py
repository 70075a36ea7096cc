"""The reasons of a decision in words: which figures, against which thresholds, and what would settle or flip it."""

from __future__ import annotations

import numpy as np

from models_ml.decision import A_INSTRUIRE, Bascule, Mesures
from models_ml.mots import NOMS, mesure, nombre
from models_ml.parametres import ParametresDecision

REGLAGE = {
    "temps_min": "un distancier routier (les temps sont estimés à vol d'oiseau)",
    "temps_plan_min": "un distancier routier (les temps sont estimés à vol d'oiseau)",
    "temps_hote_min": "un distancier routier, ou la visite du lieu d'accueil",
    "temps_mediateur_min": "un distancier routier, ou l'agenda du médiateur",
    "aptitude_numerique": "des données de couverture et de fragilité plus récentes",
    "aptitude_numerique_bas": "des données de couverture et de fragilité plus récentes",
}


def rule_reasons(rule: int, k: int, measures: Mesures, parameters: ParametresDecision) -> list[str]:
    """Motive of the rule applied to commune k, then each figure that decided, with its threshold."""
    applied = parameters.regles[rule]
    reasons = [applied.motif[0].upper() + applied.motif[1:] + "."]
    names = list(applied.si) or ["acces_suffisant", "hote_a_portee", "population_suffisante"]
    if applied.action in ("implanter", "guichet_partage", "itinerance") and "acces_suffisant" not in names:
        names.insert(0, "acces_suffisant")
    reasons += [
        sentence
        for name in names
        if (sentence := figure(name, measures[parameters.conditions[name].mesure][k], parameters))
    ]
    return reasons


def figure(name: str, value: float, parameters: ParametresDecision) -> str:
    """«Temps vers le site le plus proche : 27 min (seuil : 20 min).»; empty for a yes-or-no measure."""
    condition = parameters.conditions[name]
    if condition.mesure in ("site_sur_place", "retenue_par_le_plan"):
        return ""
    label = NOMS[condition.mesure]
    limit = mesure(condition.mesure, condition.seuil)
    return f"{label[0].upper()}{label[1:]} : {mesure(condition.mesure, value, condition.seuil)} (seuil : {limit})."


def _holds(value: float, condition) -> bool:
    return value <= condition.seuil if condition.comparateur == "<=" else value >= condition.seuil


def flip_sentence(k: int, flip: Bascule, measures: Mesures, parameters: ParametresDecision) -> str | None:
    """The smallest change that flips the action, in words; None when no single change does."""
    if flip.condition[k] < 0:
        return None
    condition = list(parameters.conditions.values())[flip.condition[k]]
    label, after = NOMS[condition.mesure], parameters.libelles[flip.action[k]]
    now = measures[condition.mesure][k]
    if condition.mesure == "site_sur_place":
        change = "si le site de la commune fermait"
    elif condition.mesure == "retenue_par_le_plan":
        change = "si le plan ne la retenait pas"
    else:
        rising = now < condition.seuil or (now == condition.seuil and condition.comparateur == "<=")
        verb = (
            {True: "montait au-delà de", False: "descendait sous"}
            if _holds(now, condition)
            else {True: "atteignait", False: "descendait à"}
        )
        limit, today = mesure(condition.mesure, condition.seuil), mesure(condition.mesure, now, condition.seuil)
        change = f"si {label} {verb[rising]} {limit} (aujourd'hui {today})"
    return f"{change}, l'action serait : {after}"


def plan_sentence(rank: int, gained: float, threshold: float) -> str:
    """What a site of the plan brings, in its turn."""
    return f"Rang {rank} du plan national : {nombre(gained)} habitants de plus à moins de {nombre(threshold)} min."


def undecided_reasons(rule: int, rival: str, share: float, flip: str | None, cause: str, parameters) -> list[str]:
    """Why a commune is «à instruire», between which actions, and which data would settle it."""
    first = parameters.libelles[parameters.regles[rule].action]
    second = f" ou {parameters.libelles[rival]}" if rival else ""
    reasons = [
        f"L'intervalle franchit une limite : {first}{second} ({nombre(100 * share)} % des tirages pour la première)."
    ]
    if flip:
        reasons.append(f"Au plus près : {flip}.")
    if cause:
        reasons.append(f"Donnée qui trancherait : {cause}.")
    return reasons


def settling_data(flip: Bascule, k: int, parameters: ParametresDecision) -> str:
    """The data that would settle a hesitation: that of the measure nearest to its threshold."""
    if flip.condition[k] < 0:
        return ""
    return REGLAGE.get(list(parameters.conditions.values())[flip.condition[k]].mesure, "")


def describe(rules, unstable, missing, share, rival, flip, measures, parameters) -> tuple[np.ndarray, list, list]:
    """Actions (object array), reasons and flips of all communes. missing: labels without which nothing is said."""
    actions = np.array([parameters.regles[r].action for r in rules], dtype=object)
    actions[unstable] = A_INSTRUIRE
    reasons, flips = [], []
    for k, rule in enumerate(rules):
        change = flip_sentence(k, flip, measures, parameters)
        if missing[k]:
            actions[k] = A_INSTRUIRE
            reasons.append(["Donnée indispensable manquante : " + ", ".join(missing[k]) + "."])
            change = None
        elif unstable[k]:
            cause = settling_data(flip, k, parameters)
            reasons.append(undecided_reasons(rule, rival[k], share[k], change, cause, parameters))
        else:
            reasons.append(rule_reasons(rule, k, measures, parameters))
        flips.append(change)
    return actions, reasons, flips
