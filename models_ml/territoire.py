"""What the recommender says of one territory: its communes' decisions, and a plan of N sites solved for it alone."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import pandas as pd

from models_ml.contexte import Contexte
from models_ml.couverture import Proposition
from models_ml.donnees import Donnees
from models_ml.lecture import load_donnees, read
from models_ml.mesures import compute_plans
from models_ml.offre import compute_acces
from models_ml.services import Service, decision_of, load_service
from pilotage.errors import ErreurRecommandation

NIVEAUX = ("france", "territoire", "departement", "region", "epci", "crte", "commune", "bassin_vie")
TERRITOIRES = """
SELECT cle_territoire, niveau, code_territoire, nom_territoire, population FROM commun.dim_territoires
"""
MEMBRES = "SELECT code_commune FROM commun.pont_communes_territoires WHERE cle_territoire = :cle"
DECISIONS = """
SELECT
    d.code_commune, c.nom_commune, c.population, a.temps_min, a.methode, d.action, d.libelle_action, d.score,
    d.score_bas, d.score_haut, d.raisons, d.stabilite, d.bascule, d.donnees_manquantes, d.rang_plan,
    s.ressemblance_passee
FROM recommandation.decisions AS d
INNER JOIN commun.pont_communes_territoires AS p ON p.code_commune = d.code_commune AND p.cle_territoire = :cle
INNER JOIN commun.dim_communes AS c ON c.code_commune = d.code_commune AND c.est_actuelle
INNER JOIN recommandation.acces AS a ON a.code_commune = d.code_commune AND a.service = d.service
INNER JOIN recommandation.scores AS s ON s.code_commune = d.code_commune AND s.service = d.service
WHERE d.service = :service
ORDER BY d.rang_plan NULLS LAST, d.score DESC NULLS LAST, d.code_commune
"""


@dataclass(frozen=True)
class Reponse:
    """A territory's answer. decisions: one row a commune, those of the national plan first, then by priority.
    plan: None when no budget was asked for.

    autres: people outside the territory whom the plan also serves within the threshold.
    """

    territoire: pd.Series
    homonymes: list[str]
    decisions: pd.DataFrame
    est_simulee: bool
    plan: Proposition | None
    communes: pd.DataFrame
    autres: float
    seuil_min: float


def find_territory(territories: pd.DataFrame, code: str) -> tuple[pd.Series, list[str]]:
    """The territory of that code or key `niveau:code`, and the keys of the others that share the code.

    Départements and regions share codes (75 is Paris and Nouvelle-Aquitaine), and a living area bears the code of its
    main commune: the first of NIVEAUX is taken.

    Raises:
        ErreurRecommandation: none has it; close codes and names are suggested.
    """
    asked = code.strip()
    found = territories[(territories.cle_territoire == asked) | (territories.code_territoire == asked.upper())]
    found = found if len(found) else territories[territories.code_territoire == asked.zfill(2)]
    if len(found):
        found = found.sort_values("niveau", key=lambda levels: levels.map(NIVEAUX.index))
        return found.iloc[0], found.cle_territoire.tolist()[1:]
    raise ErreurRecommandation(
        f"territoire « {asked} » inconnu",
        attendu="un code de commune, d'EPCI (SIREN), de CRTE, de bassin de vie, de département, de région, ou FR",
        conseil="essayer " + " ; ".join(suggest(territories, asked)),
    )


def suggest(territories: pd.DataFrame, asked: str, count: int = 5) -> list[str]:
    """Territories whose name holds or resembles what was typed, else whose code resembles it: «code (nom, niveau)»."""
    names = territories.nom_territoire.fillna("")
    lower = names.str.lower()
    holding = territories[lower.str.contains(asked.lower(), regex=False)]
    holding = holding.sort_values("population", ascending=False)
    close = get_close_matches(asked.lower(), lower.unique().tolist(), n=count, cutoff=0.7)
    alike = territories[lower.isin(close)].sort_values("population", ascending=False)
    codes = get_close_matches(asked.upper(), territories.code_territoire.tolist(), n=count, cutoff=0.4)
    near = territories[territories.code_territoire.isin(codes)]
    picked = pd.concat([holding, alike, near]).drop_duplicates("cle_territoire").head(count)
    return [f"{t.code_territoire} ({t.nom_territoire}, {t.niveau})" for t in picked.itertuples()] or ["FR (France)"]


def answer(code: str, budget: int | None, service: str) -> Reponse:
    """Read the visible generation's decisions for a territory and, if a budget is given, solve its plan now.

    Raises:
        ErreurRecommandation: unknown service or territory, negative budget, or nothing published yet.
    """
    from pilotage.database import get_engine

    declared = load_service(service)
    if budget is not None and budget < 1:
        raise ErreurRecommandation(f"budget de {budget} site", attendu="au moins un nouveau site")
    with get_engine().connect() as connection:
        territory, homonyms = find_territory(read(connection, TERRITOIRES), code)
        decisions = read(connection, DECISIONS, cle=territory.cle_territoire, service=service)
    if decisions.empty:
        raise ErreurRecommandation("aucune décision publiée", conseil="lancer `make run`, puis recommencer")
    donnees = load_donnees()
    plan, others = None, 0.0
    if budget:
        inside = donnees.communes.code_commune.isin(decisions.code_commune).to_numpy()
        plan, others = solve(donnees, inside, budget, declared)
    return Reponse(
        territory, homonyms, decisions, donnees.est_simulee, plan, donnees.communes, others, declared.seuil_min
    )


def communes_of(code: str) -> tuple[pd.Series, set[str]]:
    """The territory of that code, and the codes of its communes.

    Raises:
        ErreurRecommandation: unknown territory.
    """
    from pilotage.database import get_engine

    with get_engine().connect() as connection:
        territory, _ = find_territory(read(connection, TERRITOIRES), code)
        return territory, set(read(connection, MEMBRES, cle=territory.cle_territoire).code_commune)


def solve(donnees: Donnees, inside: np.ndarray, budget: int, service: Service) -> tuple[Proposition | None, float]:
    """Best `budget` communes of the territory where to open, given every open site, on either side of its border.

    Only the territory's people count in the objective; the people beyond the border whom the plan serves are returned.
    """
    contexte = Contexte.of_places(donnees)
    acces, rules = compute_acces(donnees, service, contexte), decision_of(service.code)
    plan = compute_plans(
        donnees, acces, contexte, service, rules, budget, inside=inside, factors={"central": 1.0}
    ).central
    if plan is None:
        raise ErreurRecommandation(
            f"« {service.libelle} » ne s'implante pas", conseil="choisir un service que l'on peut ouvrir"
        )
    with np.errstate(invalid="ignore"):
        gained = ~(acces.temps <= service.seuil_min) & ~inside & (plan.minutes <= service.seuil_min)
    return plan, float(np.nansum(donnees.communes.population.to_numpy()[gained]))
