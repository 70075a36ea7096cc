"""The whole recommendation, service by service, from the marts of a generation to the schema `recommandation`."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from models_ml import parametres
from models_ml.comparaisons import comparison_sentences
from models_ml.contexte import Contexte
from models_ml.couverture import Proposition
from models_ml.decision import Tirages, apply_rules, smallest_flip, stability
from models_ml.donnees import Donnees
from models_ml.fermetures import measure_closures
from models_ml.frontieres import COLONNES, trace_frontiers
from models_ml.mesures import Plans, budget_of, build_measures, compute_plans, plan_measures
from models_ml.offre import SANS_POSITION, Acces, compute_acces
from models_ml.parametres import ParametresDecision
from models_ml.raisons import describe, plan_sentence
from models_ml.ressemblance import Ressemblance, learn
from models_ml.scores import Score, composite, dematerialisable, priority
from models_ml.services import Service, decision_of, load_service, load_services

VERSION = "3"
APPRIS = "france_services"
"""The one service whose past openings are dated, and so can be learned from."""


@dataclass(frozen=True)
class Recommandation:
    """Everything computed for one service on one generation. Arrays and frames follow `donnees.communes`."""

    id_calcul: str
    service: Service
    budget: int
    donnees: Donnees
    acces: Acces
    scores: dict[str, Score]
    plans: dict[str, Proposition]
    ressemblance: Ressemblance | None
    decisions: pd.DataFrame
    frontieres: pd.DataFrame
    fermetures: pd.DataFrame
    durees: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class RapportRecommandation:
    """What a run did, for the journal of the night. actions: communes by action, by service."""

    generation: str
    id_calcul: str
    lignes: int
    actions: dict[str, dict[str, int]]
    population_au_dela: dict[str, float]
    ecarts_plans: dict[str, float]
    non_prouves: list[str]
    alertes: list[str]
    secondes: float
    durees: dict[str, float]


class Chrono:
    """Seconds by step, in the order of the steps."""

    def __init__(self) -> None:
        self.durees: dict[str, float] = {}
        self.last = time.perf_counter()

    def mark(self, step: str) -> None:
        now = time.perf_counter()
        self.durees[step], self.last = round(self.durees.get(step, 0.0) + now - self.last, 3), now


def run_id(donnees: Donnees) -> str:
    """The same data, parameters and version give the same id: 16 hex digits."""
    parts = (donnees.empreinte, parametres.fingerprint(), VERSION)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def compute_all(donnees: Donnees, services: list[str] | None = None) -> Iterator[Recommandation]:
    """Every declared service in its order, one at a time so that only one is held in memory."""
    contexte = Contexte.build(donnees)
    for code in services or load_services():
        yield compute(donnees, code, contexte)


def compute(donnees: Donnees, service: str = APPRIS, contexte: Contexte | None = None) -> Recommandation:
    """Access, scores, plans, similarity and decisions of every commune; pure, same input, same result.

    Raises:
        ErreurRecommandation: the service is not declared.
    """
    declared, chrono = load_service(service), Chrono()
    contexte = contexte or Contexte.build(donnees)
    chrono.mark("contexte")
    acces = compute_acces(donnees, declared, contexte)
    chrono.mark("acces")
    scores = compute_scores(donnees, acces, declared)
    chrono.mark("scores")
    p = decision_of(service)
    budget = budget_of(len(acces.offre), p) if declared.offre_observee == "oui" else 0
    plans = compute_plans(donnees, acces, contexte, declared, p, budget)
    chrono.mark("plans")
    likeness = learn(donnees) if service == APPRIS else None
    chrono.mark("ressemblance")
    decisions = decide(donnees, acces, contexte, scores, plans, declared, p)
    chrono.mark("decisions")
    frontiers = trace_frontiers(donnees, acces, contexte, declared) if plans.central else pd.DataFrame(columns=COLONNES)
    closures = measure_closures(donnees, acces, declared)
    chrono.mark("et_si")
    return Recommandation(
        run_id(donnees), declared, budget, donnees, acces, scores, plans.par_scenario, likeness, decisions, frontiers,
        closures, chrono.durees,
    )  # fmt: skip


def compute_scores(donnees: Donnees, acces: Acces, service: Service) -> dict[str, Score]:
    """The four scores of each commune, by name."""
    shared, scenarios = parametres.load_indices(), parametres.load_deplacements().scenarios
    thresholds, relative = acces.temps / service.seuil_min, service.habitants_par_unite
    reach = pd.DataFrame({"temps_en_seuils": thresholds, "e2sfca_relatif": acces.tableau.e2sfca * relative})
    envelopes = {
        "temps_en_seuils": (thresholds * scenarios["rapide"], thresholds * scenarios["lent"]),
        "e2sfca_relatif": tuple(end * relative for end in acces.enveloppes["e2sfca"]),
    }
    return {
        "besoin": composite(donnees.communes, service.besoin),
        "deficit_acces": composite(reach, shared["deficit_acces"], envelopes),
        "aptitude_numerique": composite(donnees.communes, shared["aptitude_numerique"]),
        "dematerialisable": dematerialisable(service, len(donnees.communes)),
    }


def decide(
    donnees: Donnees,
    acces: Acces,
    contexte: Contexte,
    scores: dict[str, Score],
    plans: Plans,
    service: Service,
    p: ParametresDecision,
) -> pd.DataFrame:
    """Action, score, reasons, stability and flip of each commune, in the order of `donnees.communes`."""
    seed, n = parametres.load_ressemblance().graine, len(donnees.communes)
    measures = build_measures(acces, contexte, scores, plans, p)
    by_scenario = {name: plan_measures(plan, n) for name, plan in plans.par_scenario.items()}
    bounds = {name: (scores[name].bas, scores[name].haut) for name in ("dematerialisable", "aptitude_numerique")}
    draws = Tirages(bounds, parametres.load_deplacements().scenarios, by_scenario, seed)
    rules = apply_rules(measures, p)
    share, rival = stability(measures, draws, p)
    flips = smallest_flip(measures, p)
    essential = essential_gaps(donnees, acces, service)
    actions, reasons, changes = describe(
        rules, share < p.stabilite_minimale, essential, share, rival, flips, measures, p
    )
    for k, sentence in enumerate(comparison_sentences(donnees.communes, acces, service)):
        if sentence and not essential[k]:
            reasons[k].append(sentence)
    value, low, high = priority(scores["besoin"], scores["deficit_acces"])
    ranks, gained = _plan_columns(plans.central, n)
    for site, people in plans.central.rangs if plans.central else ():
        if actions[site] == "implanter":
            reasons[site].append(plan_sentence(int(ranks[site]), people, p.plan.seuil_min))
    gaps = [a + b for a, b in zip(essential, missing_data(scores, service), strict=True)]
    return pd.DataFrame(
        {
            "action": actions,
            "score": value,
            "score_bas": low,
            "score_haut": high,
            "raisons": reasons,
            "stabilite": np.where([bool(gap) for gap in essential], np.nan, share),
            "bascule": changes,
            "donnees_manquantes": gaps,
            "rang_plan": ranks,
            "population_gagnee": gained,
        }
    )


def _plan_columns(plan: Proposition | None, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Rank in the plan and people gained, (n,) with NaN outside the plan."""
    ranks, gained = np.full(n, np.nan), np.full(n, np.nan)
    for rank, (site, people) in enumerate(plan.rangs if plan else (), start=1):
        ranks[site], gained[site] = rank, people
    return ranks, gained


def essential_gaps(donnees: Donnees, acces: Acces, service: Service) -> list[list[str]]:
    """What is lacking without which no action can be said: population, position, and the list of the service's places
    where the known ones do not settle the matter."""
    n = len(donnees.communes)
    lacks = [
        ("population", donnees.communes.population.isna().to_numpy()),
        ("position de la commune", (acces.tableau.methode == SANS_POSITION).to_numpy()),
    ]
    if service.offre_observee != "oui":
        with np.errstate(invalid="ignore"):
            far = ~(acces.temps <= service.seuil_min)
        lacks.append((f"liste complète des lieux du service ({service.libelle})", far))
    return [[name for name, absent in lacks if absent[k]] for k in range(n)]


def missing_data(scores: dict[str, Score], service: Service) -> list[list[str]]:
    """Labels of the components without value, each once, in the order of the declaration."""
    indices = {"besoin": service.besoin, "aptitude_numerique": parametres.load_indices()["aptitude_numerique"]}
    parts = [
        scores[name].missing_labels([c.libelle for c in index.composantes.values()]) for name, index in indices.items()
    ]
    return [list(dict.fromkeys(a + b)) for a, b in zip(*parts, strict=True)]


def recommend(generation: str) -> RapportRecommandation:
    """Compute every declared service on a generation under construction and write its schema `recommandation`.

    Writing again for the same generation replaces the same tables by the same rows.
    """
    from models_ml.ecriture import writing
    from models_ml.lecture import load_donnees

    start, chrono, results = time.perf_counter(), Chrono(), []
    donnees = load_donnees(generation)
    chrono.mark("lecture")
    with writing(generation) as write:
        for result in compute_all(donnees):
            chrono.mark("calcul")
            results.append(summarise(result, write(result)))
            _keep_model(result)
            chrono.mark("ecriture")
    return report(donnees, results, time.perf_counter() - start, chrono.durees)


def _keep_model(result: Recommandation) -> None:
    """The fitted similarity model goes to `modeles/` of the working folder, beside what made it."""
    from models_ml.registre import save
    from pilotage.config import get_settings
    from pilotage.magasin import get_magasin

    likeness = result.ressemblance
    if likeness is not None and likeness.modele is not None:
        facts = {"empreinte_donnees": result.donnees.empreinte, "graine": parametres.load_ressemblance().graine}
        settings = get_settings()
        record = save(likeness.modele, settings.home / "modeles", result.id_calcul, {**facts, **likeness.description})
        for path in (record.with_suffix(".joblib"), record):
            get_magasin(settings).push(path)


@dataclass(frozen=True)
class Bref:
    """What the report keeps of one service."""

    service: str
    lignes: int
    actions: dict[str, int]
    population_au_dela: float
    ecart: float
    prouve: bool
    alertes: list[str]
    durees: dict[str, float]


def summarise(result: Recommandation, rows: int) -> Bref:
    """Sum one service up."""
    central = result.plans.get("central")
    with np.errstate(invalid="ignore"):
        far = ~(result.acces.temps <= result.service.seuil_min)
    return Bref(
        result.service.code,
        rows,
        result.decisions.action.value_counts().sort_index().to_dict(),
        float(result.donnees.communes.population[far].sum()),
        central.plan.ecart if central else 0.0,
        all(one.plan.prouve for one in result.plans.values()),
        list(getattr(result.ressemblance, "alertes", [])),
        result.durees,
    )


def report(donnees: Donnees, results: list[Bref], seconds: float, steps: dict[str, float]) -> RapportRecommandation:
    """Sum a run up."""
    inner = pd.DataFrame([one.durees for one in results]).sum().round(2).to_dict()
    return RapportRecommandation(
        donnees.generation,
        run_id(donnees),
        sum(one.lignes for one in results),
        {one.service: one.actions for one in results},
        {one.service: one.population_au_dela for one in results},
        {one.service: one.ecart for one in results},
        [one.service for one in results if not one.prouve],
        [alert for one in results for alert in one.alertes],
        round(seconds, 2),
        {**inner, **steps},
    )
