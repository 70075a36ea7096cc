"""The whole recommendation of one service, from the marts of a generation to the schema `recommandation`."""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from models_ml import parametres
from models_ml.couverture import Proposition, candidate_minutes, propose
from models_ml.decision import Mesures, Tirages, apply_rules, smallest_flip, stability
from models_ml.donnees import Donnees
from models_ml.offre import Acces, compute_acces, nearest_minutes
from models_ml.raisons import describe, plan_sentence
from models_ml.ressemblance import Ressemblance, learn
from models_ml.scores import Score, composite, dematerialisable, priority

VERSION = "1"


@dataclass(frozen=True)
class Recommandation:
    """Everything computed for one service on one generation. Arrays and frames follow `donnees.communes`."""

    id_calcul: str
    service: str
    budget: int
    donnees: Donnees
    acces: Acces
    scores: dict[str, Score]
    plans: dict[str, Proposition]
    ressemblance: Ressemblance
    decisions: pd.DataFrame
    durees: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class RapportRecommandation:
    """What a run did, for the journal of the night."""

    generation: str
    id_calcul: str
    lignes: int
    actions: dict[str, int]
    population_au_dela: float
    ecart_plan: float
    prouve: bool
    secondes: float
    durees: dict[str, float]


class Chrono:
    """Seconds by step, in the order of the steps."""

    def __init__(self) -> None:
        self.durees: dict[str, float] = {}
        self.last = time.perf_counter()

    def mark(self, step: str) -> None:
        now = time.perf_counter()
        self.durees[step], self.last = round(now - self.last, 3), now


def run_id(donnees: Donnees, service: str) -> str:
    """The same data, parameters and version give the same id: 16 hex digits."""
    parts = (donnees.generation, donnees.empreinte, parametres.fingerprint(), service, VERSION)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def compute(donnees: Donnees, service: str = "france_services") -> Recommandation:
    """Access, scores, plans, similarity and decisions of every commune; pure, same input, same result.

    Raises:
        ErreurRecommandation: the service is not declared.
    """
    chrono, declared = Chrono(), parametres.load_service(service)
    budget = math.ceil(parametres.load_decision().plan.part_du_reseau * len(donnees.sites))
    acces = compute_acces(donnees, declared)
    chrono.mark("acces")
    scores = compute_scores(donnees, acces, declared)
    chrono.mark("scores")
    plans = compute_plans(donnees, acces, budget)
    chrono.mark("plans")
    likeness = learn(donnees)
    chrono.mark("ressemblance")
    decisions = decide(donnees, acces, scores, plans)
    chrono.mark("decisions")
    return Recommandation(
        run_id(donnees, service), service, budget, donnees, acces, scores, plans, likeness, decisions, chrono.durees
    )


def compute_scores(donnees: Donnees, acces: Acces, service) -> dict[str, Score]:
    """The four scores of each commune, by name."""
    indices = parametres.load_indices()
    reach = acces.tableau.assign(temps_min=_beyond(acces))
    envelopes = {**acces.enveloppes, "temps_min": tuple(_beyond(acces) * f for f in _factors())}
    return {
        "besoin": composite(donnees.communes, indices["besoin"]),
        "deficit_acces": composite(reach, indices["deficit_acces"], envelopes),
        "aptitude_numerique": composite(donnees.communes, indices["aptitude_numerique"]),
        "dematerialisable": dematerialisable(service, len(donnees.communes)),
    }


def _factors() -> tuple[float, float]:
    scenarios = parametres.load_deplacements().scenarios
    return scenarios["rapide"], scenarios["lent"]


def _beyond(acces: Acces) -> np.ndarray:
    """Minutes to the nearest site, infinite where no road leads to one, NaN only where the position is unknown."""
    no_road = (acces.tableau.methode == "aucun site accessible par la route").to_numpy()
    return np.where(no_road, np.inf, acces.tableau.temps_min.to_numpy())


def compute_plans(donnees: Donnees, acces: Acces, sites: int) -> dict[str, Proposition]:
    """The national plan at each travel scenario, on top of the network; key «central» is the one published."""
    p, scenarios = parametres.load_decision().plan, parametres.load_deplacements().scenarios
    area = donnees.communes.superficie_km2.to_numpy()
    candidates = candidate_minutes(acces.communes, area, p.seuil_min / min(scenarios.values()))
    time_to_site, population = _beyond(acces), donnees.communes.population.to_numpy()
    with np.errstate(invalid="ignore"):
        return {
            name: propose(
                candidates, time_to_site <= p.seuil_min / f, population, sites, p.seuil_min / f,
                gap=p.ecart, time_limit=p.limite_s,
            )
            for name, f in scenarios.items()
        }  # fmt: skip


def build_measures(donnees: Donnees, acces: Acces, scores: dict[str, Score], plan: Proposition) -> Mesures:
    """The measures that the rules read, each (n,): infinite minutes mean «none within reach», NaN «unknown»."""
    p = parametres.load_decision()
    horizon = parametres.load_deplacements().horizon_min
    measures = {
        "site_sur_place": acces.tableau.site_sur_place.to_numpy(),
        "temps_min": _beyond(acces),
        "temps_sans_site_min": acces.tableau.temps_2e_min.fillna(np.inf).to_numpy(),
        "temps_plan_min": plan.minutes,
        "temps_plan_sans_elle_min": plan.minutes_autres,
        "retenue_par_le_plan": plan.retenues.astype(float),
        "population_a_desservir": _unserved_around(donnees, acces, p.plan.seuil_min),
    }
    for name, natures in (("temps_mediateur_min", p.mediateurs), ("temps_hote_min", p.hotes)):
        minutes = nearest_minutes(donnees, acces.communes, natures, horizon / 2)[1]
        measures[name] = np.where(np.isnan(minutes), np.inf, minutes)
    for name in ("dematerialisable", "aptitude_numerique"):
        measures[name], measures[f"{name}_bas"] = scores[name].valeur, scores[name].bas
    return measures


def _unserved_around(donnees: Donnees, acces: Acces, threshold: float) -> np.ndarray:
    """People beyond the threshold who live within it of each commune; a proxy of the public of a stop or a counter."""
    near = candidate_minutes(acces.communes, donnees.communes.superficie_km2.to_numpy(), threshold)
    near.data = np.ones_like(near.data)
    with np.errstate(invalid="ignore"):
        unserved = np.where(_beyond(acces) <= threshold, 0.0, np.nan_to_num(donnees.communes.population.to_numpy()))
    return near @ unserved


def decide(donnees: Donnees, acces: Acces, scores: dict[str, Score], plans: dict[str, Proposition]) -> pd.DataFrame:
    """Action, score, reasons, stability and flip of each commune, in the order of `donnees.communes`."""
    p, seed = parametres.load_decision(), parametres.load_ressemblance().graine
    measures = build_measures(donnees, acces, scores, plans["central"])
    by_scenario = {
        name: {"temps_plan_min": plan.minutes, "retenue_par_le_plan": plan.retenues.astype(float)}
        for name, plan in plans.items()
    }
    bounds = {name: (scores[name].bas, scores[name].haut) for name in ("dematerialisable", "aptitude_numerique")}
    draws = Tirages(bounds, parametres.load_deplacements().scenarios, by_scenario, seed)
    rules = apply_rules(measures, p)
    share, rival = stability(measures, draws, p)
    flips = smallest_flip(measures, p)
    essential = essential_gaps(donnees, acces)
    unstable = share < p.stabilite_minimale
    actions, reasons, changes = describe(rules, unstable, essential, share, rival, flips, measures, p)
    value, low, high = priority(scores["besoin"], scores["deficit_acces"])
    ranks, gained = _plan_columns(plans["central"], len(actions))
    for site, people in plans["central"].rangs:
        if actions[site] == "implanter":
            reasons[site].append(plan_sentence(int(ranks[site]), people, p.plan.seuil_min))
    gaps = [a + b for a, b in zip(essential, missing_data(scores), strict=True)]
    blocked = np.array([bool(gap) for gap in essential])
    return pd.DataFrame(
        {
            "action": actions,
            "score": value,
            "score_bas": low,
            "score_haut": high,
            "raisons": reasons,
            "stabilite": np.where(blocked, np.nan, share),
            "bascule": changes,
            "donnees_manquantes": gaps,
            "rang_plan": ranks,
            "population_gagnee": gained,
        }
    )


def _plan_columns(plan: Proposition, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Rank in the plan and people gained, (n,) with NaN outside the plan."""
    ranks, gained = np.full(n, np.nan), np.full(n, np.nan)
    for rank, (site, people) in enumerate(plan.rangs, start=1):
        ranks[site], gained[site] = rank, people
    return ranks, gained


def essential_gaps(donnees: Donnees, acces: Acces) -> list[list[str]]:
    """What is lacking without which no action can be said: population, position."""
    people = donnees.communes.population.isna().to_numpy()
    position = acces.tableau.temps_min.isna().to_numpy() & ~np.isinf(_beyond(acces))
    return [
        [name for name, absent in (("population", a), ("position de la commune", b)) if absent]
        for a, b in zip(people, position, strict=True)
    ]


def missing_data(scores: dict[str, Score]) -> list[list[str]]:
    """Labels of the components without value, each once, in the order of the declaration."""
    indices = parametres.load_indices()
    parts = [
        scores[name].missing_labels([c.libelle for c in indices[name].composantes.values()])
        for name in ("besoin", "aptitude_numerique")
    ]
    return [list(dict.fromkeys(a + b)) for a, b in zip(*parts, strict=True)]


def recommend(generation: str) -> RapportRecommandation:
    """Compute every declared service on a generation under construction and write its schema `recommandation`.

    Writing again for the same generation replaces the same tables by the same rows.
    """
    from models_ml.ecriture import write_recommandation
    from models_ml.lecture import load_donnees

    start, chrono = time.perf_counter(), Chrono()
    donnees = load_donnees(generation)
    chrono.mark("lecture")
    result = compute(donnees)
    chrono.mark("calcul")
    rows = write_recommandation(generation, result)
    chrono.mark("ecriture")
    return report(result, rows, time.perf_counter() - start, {**result.durees, **chrono.durees})


def report(result: Recommandation, rows: int, seconds: float, steps: dict[str, float]) -> RapportRecommandation:
    """Sum a run up."""
    central = result.plans["central"]
    threshold = parametres.load_decision().plan.seuil_min
    with np.errstate(invalid="ignore"):
        far = ~(_beyond(result.acces) <= threshold) & np.array(
            [not gap for gap in essential_gaps(result.donnees, result.acces)]
        )
    return RapportRecommandation(
        result.donnees.generation,
        result.id_calcul,
        rows,
        result.decisions.action.value_counts().sort_index().to_dict(),
        float(result.donnees.communes.population[far].sum()),
        central.plan.ecart,
        central.plan.prouve,
        round(seconds, 2),
        steps,
    )
