"""What to do in each commune: a rule table read top to bottom, its stability, the smallest change that flips it.

Rules, conditions and thresholds are declared in `parametres/decision.yml`; this module only applies them. A commune
whose measures are missing, or whose action changes too often when they move within their intervals, is «à instruire».
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models_ml.parametres import ParametresDecision

A_INSTRUIRE = "a_instruire"
Mesures = dict[str, np.ndarray]
OUI_NON = ("site_sur_place", "retenue_par_le_plan")
MINUTES = ("temps_min", "temps_plan_min", "temps_mediateur_min", "temps_hote_min")


def holds(name: str, measures: Mesures, parameters: ParametresDecision) -> np.ndarray:
    """Where a condition holds; a missing measure never satisfies it. Bool (n,)."""
    condition = parameters.conditions[name]
    values = measures[condition.mesure]
    with np.errstate(invalid="ignore"):
        return values <= condition.seuil if condition.comparateur == "<=" else values >= condition.seuil


def apply_rules(measures: Mesures, parameters: ParametresDecision) -> np.ndarray:
    """Index of the first rule whose conditions all hold, for each commune; int (n,). The last rule has none."""
    truth = {name: holds(name, measures, parameters) for rule in parameters.regles for name in rule.si}
    chosen = np.full(len(next(iter(measures.values()))), len(parameters.regles) - 1)
    for rank in range(len(parameters.regles) - 1, -1, -1):
        met = np.logical_and.reduce(
            [truth[name] for name in parameters.regles[rank].si] or [np.ones(len(chosen), bool)]
        )
        chosen[met] = rank
    return chosen


def actions_of(rules: np.ndarray, parameters: ParametresDecision) -> np.ndarray:
    """Codes of the actions of rule indices; object array."""
    return np.array([rule.action for rule in parameters.regles], dtype=object)[rules]


@dataclass(frozen=True)
class Tirages:
    """How the measures move in a Monte Carlo draw: factors on minutes, scores inside their bounds, plan by scenario."""

    bornes: dict[str, tuple[np.ndarray, np.ndarray]]
    scenarios: dict[str, float]
    selon_scenario: dict[str, Mesures]
    graine: int

    def of_rows(self, rows: np.ndarray) -> Tirages:
        """The same for some communes only."""
        bounds = {name: (low[rows], high[rows]) for name, (low, high) in self.bornes.items()}
        scenarios = {
            name: {measure: values[rows] for measure, values in one.items()}
            for name, one in self.selon_scenario.items()
        }
        return Tirages(bounds, self.scenarios, scenarios, self.graine)

    def draw(self, k: int, measures: Mesures, parameters: ParametresDecision) -> Mesures:
        """The k-th draw: a factor for all trips (triangular over the scenarios), one more a commune, scores triangular.

        What the plan selects is that of the scenario nearest to the factor drawn; its minutes there are central ones.
        """
        rng = np.random.default_rng([self.graine, k])
        n = len(measures["temps_min"])
        common = rng.triangular(self.scenarios["rapide"], 1.0, self.scenarios["lent"])
        local = common * np.exp(rng.normal(0, parameters.dispersion_locale, n))
        nearest = min(self.scenarios, key=lambda name: abs(self.scenarios[name] - common))
        drawn = {**measures, **self.selon_scenario.get(nearest, {})}
        for name in MINUTES:
            drawn[name] = drawn[name] * local
        for name, (low, high) in self.bornes.items():
            drawn[name] = _triangular(rng, low, measures[name], high)
        return drawn


def _triangular(rng, low: np.ndarray, mode: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Triangular draws by inversion, allowing low = mode = high; NaN where the mode is missing."""
    width = high - low
    u = rng.random(len(mode))
    cut = np.divide(mode - low, width, out=np.zeros(len(mode)), where=width > 0)
    left = low + np.sqrt(u * width * np.maximum(mode - low, 0))
    right = high - np.sqrt((1 - u) * width * np.maximum(high - mode, 0))
    return np.where(width > 0, np.where(u < cut, left, right), mode)


def stability(measures: Mesures, draws: Tirages, parameters: ParametresDecision) -> tuple[np.ndarray, np.ndarray]:
    """Share of the draws that give the central action, and the action most often met among the others ('' if none)."""
    names = sorted({rule.action for rule in parameters.regles})
    code = np.array([names.index(rule.action) for rule in parameters.regles])
    rules = apply_rules(measures, parameters)
    share, rival = np.ones(len(rules)), np.full(len(rules), "", dtype=object)
    moving = np.flatnonzero(rules > _settled(parameters))
    if not len(moving):
        return share, rival
    central, draws = code[rules[moving]], draws.of_rows(moving)
    measures = {name: values[moving] for name, values in measures.items()}
    counts = np.zeros((len(moving), len(names)), np.int32)
    rows = np.arange(len(moving))
    for k in range(parameters.tirages):
        counts[rows, code[apply_rules(draws.draw(k, measures, parameters), parameters)]] += 1
    share[moving] = counts[rows, central] / parameters.tirages
    counts[rows, central] = 0
    rival[moving] = np.where(counts.max(axis=1) > 0, np.array(names, dtype=object)[counts.argmax(axis=1)], "")
    return share, rival


def _settled(parameters: ParametresDecision) -> int:
    """Rank of the last of the first rules that no draw can move, -1 for none: theirs hold on facts alone."""
    rank = -1
    for rule in parameters.regles:
        if not rule.si or any(parameters.conditions[name].mesure != "site_sur_place" for name in rule.si):
            break
        rank += 1
    return rank


@dataclass(frozen=True)
class Bascule:
    """The smallest change that flips each action. condition: index, or -1 when no single change does; all (n,)."""

    condition: np.ndarray
    action: np.ndarray
    pas: np.ndarray


def smallest_flip(measures: Mesures, parameters: ParametresDecision) -> Bascule:
    """For every threshold, move its measure just across and see whether the action changes; keep the least move.

    Moves are counted in the declared readable steps of each measure (`ecarts_lisibles`). A site can close (the next
    nearest then counts) or leave the plan; that one opens, or enters the plan, is a decision and not a change.
    """
    before = actions_of(apply_rules(measures, parameters), parameters)
    best = np.full(len(before), np.inf)
    where, after = np.full(len(before), -1), np.full(len(before), "", dtype=object)
    for index, (name, condition) in enumerate(parameters.conditions.items()):
        values = measures[condition.mesure]
        true_now = holds(name, measures, parameters)
        outside = np.nextafter(condition.seuil, np.inf if condition.comparateur == "<=" else -np.inf)
        moved = {**measures, condition.mesure: np.where(true_now, outside, condition.seuil)}
        if condition.mesure == "site_sur_place":
            moved["temps_min"] = measures["temps_sans_site_min"]
        if condition.mesure == "retenue_par_le_plan":
            moved["temps_plan_min"] = measures["temps_plan_sans_elle_min"]
        then = actions_of(apply_rules(moved, parameters), parameters)
        steps = np.abs(values - condition.seuil) / parameters.ecarts_lisibles[condition.mesure]
        if condition.mesure in OUI_NON:
            steps = np.where(true_now, 1.0, np.inf)
        better = (then != before) & np.isfinite(steps) & (steps < best)
        best[better], where[better], after[better] = steps[better], index, then[better]
    return Bascule(where, after, best)
