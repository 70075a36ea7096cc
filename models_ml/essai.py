"""What a scenario would do: the network changed, the territory's people counted again, its plan solved."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from models_ml.calcul import compute_scores, decide
from models_ml.contexte import Contexte
from models_ml.couverture import Proposition
from models_ml.donnees import OFFRE, Donnees, check_frame
from models_ml.mesures import compute_plans
from models_ml.offre import Acces, compute_acces
from models_ml.parametres import ParametresDecision
from models_ml.plan import Plancher
from models_ml.scenarios import PlancherEquite, Scenario
from models_ml.services import Service, decision_of
from pilotage.errors import ErreurRecommandation


@dataclass(frozen=True)
class Essai:
    """A scenario computed. dedans: communes of the territory (n,) bool. decisions: one row a commune of the country.

    temps: minutes to the nearest site, the plan's included, (n,).
    """

    scenario: Scenario
    service: Service
    donnees: Donnees
    dedans: np.ndarray
    acces: Acces
    plan: Proposition | None
    decisions: pd.DataFrame

    @property
    def population(self) -> np.ndarray:
        """People of the territory's communes, 0 elsewhere and where unknown."""
        return np.where(self.dedans, np.nan_to_num(self.donnees.communes.population.to_numpy()), 0.0)

    @property
    def temps(self) -> np.ndarray:
        return self.acces.temps if self.plan is None else np.fmin(self.acces.temps, self.plan.minutes)

    def beyond(self, minutes: float) -> float:
        """People of the territory beyond so many minutes, the plan's sites open."""
        with np.errstate(invalid="ignore"):
            return float(self.population[~(self.temps <= minutes)].sum())


def change_network(donnees: Donnees, scenario: Scenario) -> Donnees:
    """The same country once the scenario's places have closed and opened.

    Raises:
        ErreurRecommandation: a place to close, or a commune where to open, is unknown.
    """
    offre = donnees.offre
    own = offre.service == scenario.service
    for known, name, source in (
        (set(offre.id_offre[own]), scenario.fermetures, "lieu à fermer"),
        (set(donnees.communes.code_commune), [o.commune for o in scenario.ouvertures], "commune où ouvrir"),
    ):
        lost = [one for one in name if one not in known]
        if lost:
            raise ErreurRecommandation(
                f"scénario « {scenario.nom} » : {source} « {lost[0]} » inconnu",
                attendu="un identifiant de la table fait_offre_services, ou un code Insee de commune",
            )
    kept = offre[~(own & offre.id_offre.isin(scenario.fermetures))]
    opened = pd.DataFrame(
        [
            {
                "id_offre": f"scenario:{rank}", "service": scenario.service, "code_commune": one.commune,
                "nom": one.nom, "latitude": one.latitude, "longitude": one.longitude, "nombre": 1.0,
                "capacite": one.capacite, "format": "fixe", "source": "scenario", "millesime": None,
            }
            for rank, one in enumerate(scenario.ouvertures, start=1)
        ],
        columns=list(OFFRE),
    )  # fmt: skip
    frames = [kept, check_frame(opened, OFFRE, "scénario")] if len(opened) else [kept]
    return replace(donnees, offre=pd.concat(frames, ignore_index=True).sort_values(["service", "id_offre"]))


def tune_rules(scenario: Scenario, service: Service) -> ParametresDecision:
    """The rule table under the scenario's thresholds."""
    base = decision_of(service.code)
    conditions = {}
    for name, one in base.conditions.items():
        minutes = service.seuil_min if one.mesure in ("temps_min", "temps_plan_min") else one.seuil
        conditions[name] = one.model_copy(update={"seuil": scenario.seuils.get(name, minutes)})
    plan = base.plan.model_copy(update={"seuil_min": service.seuil_min})
    return base.model_copy(update={"conditions": conditions, "plan": plan})


def groups_of(communes: pd.DataFrame) -> pd.DataFrame:
    """The groups that a floor may name, one column each; a missing value belongs to no group."""
    poverty = communes.score_pauvrete.rank(method="first")
    fifth = np.ceil(5 * poverty / max(1, poverty.notna().sum()))
    frame = communes[["classe_ruralite", "niveau_densite", "code_departement", "siren_epci"]].copy()
    frame["niveau_densite"] = frame.niveau_densite.map(lambda v: None if pd.isna(v) else f"{v:g}")
    frame["quintile_pauvrete"] = fifth.map(lambda v: None if pd.isna(v) else f"{v:g}")
    quarter = communes.population_qpv_pct
    frame["qpv"] = np.where(quarter.isna(), None, np.where(quarter > 0, "oui", "non"))
    return frame


def build_floors(floors: list[PlancherEquite], communes: pd.DataFrame, inside: np.ndarray) -> list[Plancher]:
    """Floors over the territory's communes.

    Raises:
        ErreurRecommandation: no commune of the territory is in the group; the groups that exist are named.
    """
    groups, built = groups_of(communes), []
    for floor in floors:
        rows = np.flatnonzero(inside & (groups[floor.par] == floor.valeur).to_numpy())
        if not len(rows):
            known = sorted(groups[floor.par][inside].dropna().unique())[:12]
            raise ErreurRecommandation(
                f"plancher « {floor.par} = {floor.valeur} » : aucune commune du territoire", attendu=", ".join(known)
            )
        built.append(Plancher(f"{floor.par} = {floor.valeur}", rows, floor.part))
    return built


def try_scenario(donnees: Donnees, scenario: Scenario, inside: np.ndarray, contexte: Contexte | None = None) -> Essai:
    """Compute a scenario for the communes `inside`, bool (n,); sites beyond the border serve too.

    Raises:
        ErreurRecommandation: a place, commune or group is unknown, or the floors cannot be reached.
    """
    contexte = contexte or Contexte.build(donnees)
    changed, service = change_network(donnees, scenario), scenario.tune()
    rules = tune_rules(scenario, service)
    acces = compute_acces(changed, service, contexte)
    floors = build_floors(scenario.planchers, donnees.communes, inside)
    plans = compute_plans(
        changed,
        acces,
        contexte,
        service,
        rules,
        scenario.sites(),
        inside=inside,
        floors=floors,
        factors={"central": 1.0},
    )
    scores = compute_scores(changed, acces, service)
    decisions = decide(changed, acces, contexte, scores, plans, service, rules)
    return Essai(scenario, service, changed, inside, acces, plans.central, decisions)
