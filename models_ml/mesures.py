"""The measures that the rules read, and the national plans on which two of them rest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from models_ml.contexte import Contexte
from models_ml.couverture import Proposition, propose
from models_ml.decision import Mesures
from models_ml.deplacements import Lieux
from models_ml.donnees import Donnees
from models_ml.offre import Acces
from models_ml.parametres import ParametresDecision, load_deplacements
from models_ml.plan import Plancher
from models_ml.scores import Score
from models_ml.services import Service


@dataclass(frozen=True)
class Plans:
    """The national plans of a service by travel scenario (none where opening is not an option), and a_desservir, people
    beyond the threshold who live within it of each commune, (n,)."""

    par_scenario: dict[str, Proposition]
    a_desservir: np.ndarray

    @property
    def central(self) -> Proposition | None:
        return self.par_scenario.get("central")


def budget_of(sites: int, p: ParametresDecision) -> int:
    """New sites allowed: a declared share of the network, rounded up, at most a declared number."""
    return min(math.ceil(p.plan.part_du_reseau * sites), p.plan.sites_au_plus)


def compute_plans(
    donnees: Donnees,
    acces: Acces,
    contexte: Contexte,
    service: Service,
    p: ParametresDecision,
    sites: int,
    *,
    inside: np.ndarray | None = None,
    floors: Sequence[Plancher] = (),
    factors: dict[str, float] | None = None,
) -> Plans:
    """Plans of `sites` new sites on top of the network at each travel scenario, and the people whom nobody serves.

    A site may open where as many people live as the service asks for; the bound is that of such plans. Only communes
    that some scenario leaves unserved are rows of the candidate table: the others have nothing to gain.

    Args:
        inside: where people count and sites may open, bool (n,); everywhere by default.
    Raises:
        ErreurRecommandation: floors that no plan of that many sites reaches.
    """
    factors, threshold = factors or load_deplacements().scenarios, p.plan.seuil_min
    population, time = donnees.communes.population.to_numpy(), acces.temps
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero(~(time <= threshold / max(factors.values())))
        unserved = np.where(time <= threshold, 0.0, np.nan_to_num(population))
    around = minutes_between(contexte, np.arange(len(time)), np.flatnonzero(unserved), threshold)
    around.data[:] = 1.0
    around = around @ unserved[unserved > 0]
    if not any(rule.action == "implanter" for rule in p.regles) or not sites:
        return Plans({}, around)
    inside = np.ones(len(population), bool) if inside is None else inside
    plans, allowed = {}, inside & (np.nan_to_num(population) >= service.population_candidate_min)
    candidates = _candidates(contexte, rows, np.flatnonzero(allowed), threshold / min(factors.values()))
    for name, factor in factors.items():
        limit = threshold / factor
        with np.errstate(invalid="ignore"):
            served = time <= limit
        plan = propose(
            candidates, served, population, sites, limit, allowed=allowed, counted=inside, floors=list(floors),
            gap=p.plan.ecart, time_limit=p.plan.limite_s,
        )  # fmt: skip
        plans[name] = _timed(plan, contexte, 2 * threshold)
    return Plans(plans, around)


def part_of(places: Lieux, rows: np.ndarray) -> Lieux:
    return Lieux(*(getattr(places, name)[rows] for name in ("latitude", "longitude", "vitesse_kmh", "commune", "ile")))


def minutes_between(contexte: Contexte, here: np.ndarray, there: np.ndarray, max_minutes: float) -> sparse.csr_matrix:
    """Minutes from the communes `here` to the communes `there`, csr (len(here), len(there))."""
    origins, targets = part_of(contexte.communes, here), part_of(contexte.communes, there)
    return contexte.travel(origins, targets, max_minutes, contexte.superficie_km2[here])


def _candidates(contexte: Contexte, rows: np.ndarray, columns: np.ndarray, max_minutes: float) -> sparse.csr_matrix:
    """Minutes from the communes `rows` to the communes `columns`, csr (n, n) with nothing elsewhere."""
    n = len(contexte.communes)
    part = minutes_between(contexte, rows, columns, max_minutes).tocoo()
    return sparse.csr_matrix((part.data, (rows[part.row], columns[part.col])), shape=(n, n))


def _timed(plan: Proposition, contexte: Contexte, horizon: float) -> Proposition:
    """The same plan with the minutes of every commune to its quickest site, and to the quickest but its own."""
    chosen = np.flatnonzero(plan.retenues)
    trips = contexte.travel(
        contexte.communes, part_of(contexte.communes, chosen), horizon, contexte.superficie_km2
    ).tocoo()
    minutes, others = (np.full(len(contexte.communes), np.inf) for _ in range(2))
    np.minimum.at(minutes, trips.row, trips.data)
    away = trips.row != chosen[trips.col]
    np.minimum.at(others, trips.row[away], trips.data[away])
    return replace(plan, minutes=minutes, minutes_autres=others)


def plan_measures(plan: Proposition | None, n: int) -> Mesures:
    """What a plan says of each commune; without a plan, no site is proposed anywhere."""
    if plan is None:
        nowhere = np.full(n, np.inf)
        return {"temps_plan_min": nowhere, "temps_plan_sans_elle_min": nowhere, "retenue_par_le_plan": np.zeros(n)}
    return {
        "temps_plan_min": plan.minutes,
        "temps_plan_sans_elle_min": plan.minutes_autres,
        "retenue_par_le_plan": plan.retenues.astype(float),
    }


def build_measures(
    acces: Acces, contexte: Contexte, scores: dict[str, Score], plans: Plans, p: ParametresDecision
) -> Mesures:
    """The measures that the rules read, each (n,): infinite minutes mean «none within reach», NaN «unknown»."""
    measures = {
        "site_sur_place": acces.tableau.site_sur_place.to_numpy(),
        "temps_min": acces.temps,
        "temps_sans_site_min": acces.tableau.temps_2e_min.fillna(np.inf).to_numpy(),
        "population_a_desservir": plans.a_desservir,
        "temps_mediateur_min": contexte.quickest(p.mediateurs),
        "temps_hote_min": contexte.quickest(p.hotes),
        **plan_measures(plans.central, len(acces.tableau)),
    }
    for name in ("dematerialisable", "aptitude_numerique"):
        measures[name], measures[f"{name}_bas"] = scores[name].valeur, scores[name].bas
    return measures
