"""Similarity to past openings: where the State has opened so far. Shown beside the need, it recommends nothing.

Trained on the communes that opened in 2020-2021, tested on 2022-2024 among those that had no site yet, each with what
was known on the first day of its window. Compared with population alone and with a logistic regression.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from models_ml.attributs import EVOLUTIVES, MONOTONIE, Voisinage, build_attributs, known_population, openings
from models_ml.classifieur import ClassifieurRessemblance
from models_ml.derive import watch
from models_ml.donnees import Donnees
from models_ml.parametres import ParametresRessemblance, load_ressemblance
from models_ml.plan import couverture_maximale
from models_ml.validation import fairness, leave_one_region_out

NOM = "ressemblance aux implantations passées"
GAP_ILLUSTRATION, LIMIT_S = 3e-3, 60.0


@dataclass(frozen=True)
class Ressemblance:
    """probabilite: (n,) for the communes without a site, NaN elsewhere. evaluation: modele, jeu, mesure, valeur.
    message: why there is no model, '' otherwise. alertes: what a person should look at. modele: today's, fitted."""

    probabilite: np.ndarray
    evaluation: pd.DataFrame
    message: str
    description: dict
    alertes: tuple[str, ...] = ()
    modele: ClassifieurRessemblance | None = None


@dataclass(frozen=True)
class Fenetre:
    """Communes without a site on `origine`: features then, and whether one opened by the end. Arrays over rows kept."""

    origine: date
    lignes: np.ndarray
    attributs: pd.DataFrame
    ouverte: np.ndarray

    @classmethod
    def build(cls, donnees: Donnees, around: Voisinage, first: date, last: date) -> Fenetre:
        features = build_attributs(donnees, around, first)
        free, opened = openings(donnees, first, last)
        rows = np.flatnonzero(free & features.population_log.notna().to_numpy())
        return cls(first, rows, features.iloc[rows].reset_index(drop=True), opened[rows])


def build_models(p: ParametresRessemblance) -> dict:
    """The model and its baselines, unfitted, by name; all give probabilities."""

    def logistic(columns):
        keep = [list(MONOTONIE).index(name) for name in columns]
        return keep, make_pipeline(
            SimpleImputer(strategy="median", keep_empty_features=True),
            StandardScaler(),
            LogisticRegression(max_iter=1000),
        )

    options = {k: int(v) if float(v).is_integer() and k != "l2_regularization" else v for k, v in p.modele.items()}
    everything = list(range(len(MONOTONIE)))
    return {
        "ressemblance": (
            everything,
            ClassifieurRessemblance(list(MONOTONIE.values()), random_state=p.graine, **options),
        ),
        "population_seule": logistic(["population_log"]),
        "logistique": logistic(list(MONOTONIE)),
    }


def lift(truth: np.ndarray, score: np.ndarray, share: float = 0.01) -> float:
    """How many times more often the `share` best ranked are positive than the whole; ties keep the row order."""
    top = np.argsort(-score, kind="stable")[: max(1, round(len(truth) * share))]
    return float(truth[top].mean() / truth.mean())


def calibration_error(truth: np.ndarray, score: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error over bins of equal counts (mean gap between forecast and observed rates)."""
    groups = np.array_split(np.argsort(score, kind="stable"), bins)
    return float(sum(len(g) * abs(truth[g].mean() - score[g].mean()) for g in groups if len(g)) / len(truth))


def measure(name: str, truth: np.ndarray, score: np.ndarray) -> list[tuple]:
    """Rows of the evaluation table for one model on the test window."""
    values = {
        "precision_moyenne": average_precision_score(truth, score),
        "lift_1_pct": lift(truth, score),
        "brier": brier_score_loss(truth, score),
        "erreur_calibration": calibration_error(truth, score),
        "ouvertures_prevues": score.sum(),
        "ouvertures_observees": truth.sum(),
        "communes": len(truth),
    }
    return [(name, "epreuve", key, float(value)) for key, value in values.items()]


def coverage_table(
    donnees: Donnees, around: Voisinage, test: Fenetre, score: np.ndarray, radius_km: float
) -> list[tuple]:
    """Share of the then uncovered people brought within `radius_km` by the actual openings, the model's as many
    communes, and a coverage plan of the same size; the plan shows what was possible, not what people wanted. Then the
    same by group."""
    population, _ = known_population(donnees, test.origine)
    population = np.nan_to_num(population)
    opened = (donnees.sites.date_ouverture < pd.Timestamp(test.origine)).to_numpy()
    uncovered = np.where(around.site_distance(opened) > radius_km, population, 0.0)
    i, j = around.paires
    cover = sparse.csr_matrix((np.ones(len(i)), (i, j)), (around.n, around.n))
    actual = test.lignes[test.ouverte]
    p, total = len(actual), uncovered.sum()
    plan = couverture_maximale(cover, uncovered, p, gap=GAP_ILLUSTRATION, time_limit=LIMIT_S)
    chosen = {
        "ouvertures_reelles": actual,
        "ressemblance": test.lignes[np.argsort(-score, kind="stable")[:p]],
        "plan_de_couverture": plan.sites,
    }
    served = {name: np.asarray(cover[:, sites].sum(axis=1)).ravel() > 0 for name, sites in chosen.items()}
    rows = [("donnees", "couverture_10_km", "population_non_couverte", float(total))]
    for name, sites in chosen.items():
        gained = float(uncovered[served[name]].sum())
        rows.append((name, "couverture_10_km", "communes_ouvertes", float(len(sites))))
        rows.append((name, "couverture_10_km", "population_gagnee", gained))
        rows.append((name, "couverture_10_km", "part_des_non_couverts", gained / total if total else float("nan")))
    rows.append(("plan_de_couverture", "couverture_10_km", "ecart_prouve", plan.ecart))
    return rows + fairness(donnees.communes, test, score, chosen, served, uncovered)


def learn(donnees: Donnees, parameters: ParametresRessemblance | None = None) -> Ressemblance:
    """Backtest, then the model of today: trained on the test window, applied to the communes without a site.

    One OpenMP thread: on a busy machine more of them wait for each other, ten times slower.
    """
    with threadpool_limits(1):
        return _learn(donnees, parameters or load_ressemblance())


def _learn(donnees: Donnees, p: ParametresRessemblance) -> Ressemblance:
    around = Voisinage.build(donnees, p.rayon_km)
    train = Fenetre.build(donnees, around, p.entrainement.origine, p.entrainement.fin)
    test = Fenetre.build(donnees, around, p.epreuve.origine, p.epreuve.fin)
    empty = np.full(len(donnees.communes), np.nan)
    few = min(int(train.ouverte.sum()), int(test.ouverte.sum()))
    if few < p.ouvertures_minimales:
        message = f"{few} ouvertures dans une des périodes : moins que {p.ouvertures_minimales}, aucun modèle appris"
        return Ressemblance(empty, pd.DataFrame(columns=["modele", "jeu", "mesure", "valeur"]), message, {})
    rows, scores = [], {}
    for name, (columns, model) in build_models(p).items():
        model.fit(train.attributs.to_numpy()[:, columns], train.ouverte)
        scores[name] = model.predict_proba(test.attributs.to_numpy()[:, columns])[:, 1]
        rows += measure(name, test.ouverte, scores[name])
    rows += coverage_table(donnees, around, test, scores["ressemblance"], p.rayon_km)
    regions = donnees.communes.code_region.to_numpy(object)
    rows += leave_one_region_out(lambda: _quick(p), train, test, regions)
    now = _today(donnees, around)
    _, model = build_models(p)["ressemblance"]
    model.fit(test.attributs.to_numpy(), test.ouverte)
    probability = empty
    probability[now.lignes] = model.predict_proba(now.attributs.to_numpy())[:, 1]
    moved, alerts = watch(test.attributs, now.attributs, EVOLUTIVES)
    table = pd.DataFrame([*rows, *moved], columns=["modele", "jeu", "mesure", "valeur"])
    return Ressemblance(probability, table, "", _describe(donnees, train, test), tuple(alerts), model)


def _quick(p: ParametresRessemblance) -> ClassifieurRessemblance:
    """The model without its calibration, which does not change an order, and with fewer and quicker steps: it is
    learned once a region."""
    options = {"max_leaf_nodes": int(p.modele["max_leaf_nodes"]), "min_samples_leaf": int(p.modele["min_samples_leaf"])}
    monotone = list(MONOTONIE.values())
    return ClassifieurRessemblance(monotone, plis=1, max_iter=60, learning_rate=0.15, random_state=p.graine, **options)


def _today(donnees: Donnees, around: Voisinage) -> Fenetre:
    """The communes that have no site at the date of the list, as known then."""
    last = donnees.sites.date_ouverture.max().date() + timedelta(days=1)
    return Fenetre.build(donnees, around, last, last)


def _describe(donnees: Donnees, train: Fenetre, test: Fenetre) -> dict:
    def window(one: Fenetre) -> str:
        return (
            f"{len(one.lignes)} communes sans site le {one.origine:%d/%m/%Y}, {int(one.ouverte.sum())} ouvertures, "
            f"populations de {known_population(donnees, one.origine)[1]}"
        )

    return {"entrainement": window(train), "epreuve": window(test)}
