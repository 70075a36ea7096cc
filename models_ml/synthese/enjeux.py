"""Priority stakes: the guide's actions in the order of each territory's own situation, with the reason of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from models_ml.synthese.comparaisons import Comparaisons
from models_ml.synthese.lecture import Marts
from models_ml.synthese.parametres import ParametresEnjeux
from models_ml.synthese.phrases import day, number, people, with_unit
from models_ml.synthese.tableau import Tableau

PARTS_DES_HABITANTS = ("%", "% de la population")  # of the premises, or of the people


@dataclass(frozen=True)
class Gravites:
    """Each (T, I), NaN where nothing can be said.

    Attributes:
        gravite: 0 (nothing to do) to 1 (the worst), from peers and target.
        ecart_pairs, ecart_cible: its two parts.
        part: share of the people that the figure says concerned, 0 to 1; NaN where it is no such share.
        fraicheur: (I,) weight of the data's age.
    """

    gravite: np.ndarray
    ecart_pairs: np.ndarray
    ecart_cible: np.ndarray
    part: np.ndarray
    fraicheur: np.ndarray


def measure_gravity(
    marts: Marts, tableau: Tableau, compared: Comparaisons, targets: np.ndarray, choix: ParametresEnjeux
) -> Gravites:
    """How bad each indicator is: place among peers (in France where there are none), distance to the target."""
    place = np.where(np.isnan(compared.quantile_pairs), compared.quantile_france, compared.quantile_pairs)
    behind, short = 1 - place, _target_gap(tableau, targets, choix.niveau_bas)
    weights = np.array([choix.poids_pairs, choix.poids_cible])[:, None, None] * ~np.isnan([behind, short])
    with np.errstate(invalid="ignore"):
        total = weights.sum(axis=0)
        gravity = (weights * np.nan_to_num([behind, short])).sum(axis=0) / np.where(total > 0, total, np.nan)
    age = (np.nanmax(tableau.dates.astype(float)) - tableau.dates.astype(float)) / 365.25
    age = np.where(np.isnat(tableau.dates), np.nan, age)
    return Gravites(gravity, behind, short, _concerned(marts, tableau), 0.5 ** (age / choix.demi_vie_ans))


def _target_gap(tableau: Tableau, targets: np.ndarray, low: float) -> np.ndarray:
    """(T, I) share of the way to the target that is left, the worst territories of the level counting for one."""
    values, aims = tableau.valeurs * tableau.sens, targets * tableau.sens
    gap = np.full(values.shape, np.nan)
    for level in np.unique(tableau.niveaux):
        rows = tableau.niveaux == level
        known = np.flatnonzero((~np.isnan(values[rows])).any(axis=0) & (~np.isnan(aims[rows])).any(axis=0))
        for i in known:
            worst = np.nanquantile(values[rows, i], low)
            way = np.maximum(aims[rows, i] - worst, np.maximum(np.abs(aims[rows, i]) * 0.01, 1e-9))
            gap[rows, i] = np.clip((aims[rows, i] - values[rows, i]) / way, 0, 1)
    return gap


def _concerned(marts: Marts, tableau: Tableau) -> np.ndarray:
    """Share of the people that the figure says badly served; NaN where it is no share of people or of premises."""
    part = np.full(tableau.valeurs.shape, np.nan)
    for i, unit in enumerate(marts.indicateurs["unite"]):
        if unit in PARTS_DES_HABITANTS:
            level = np.clip(tableau.valeurs[:, i] / 100, 0, 1)
            part[:, i] = 1 - level if tableau.sens[i] > 0 else level
    return part


def rank_actions(
    marts: Marts, tableau: Tableau, compared: Comparaisons, gravity: Gravites, targets: np.ndarray,
    choix: ParametresEnjeux,
) -> pl.DataFrame:  # fmt: skip
    """One row a territory and action that something measures there, ranked; `with_reasons` says why."""
    own = _own_weights(marts)
    scores, leads = [], []
    for code in marts.actions["code_action"]:
        columns = np.flatnonzero((marts.indicateurs["code_action"] == code).to_numpy())
        score, lead = _score_action(gravity, columns, choix)
        scores.append(score)
        leads.append(lead)
    score, lead = np.column_stack(scores) * own, np.column_stack(leads)
    order = np.argsort(-np.nan_to_num(score, nan=-1.0), axis=1, kind="stable")
    rank = np.empty(order.shape, dtype=np.int32)
    np.put_along_axis(rank, order, np.arange(1, order.shape[1] + 1, dtype=np.int32)[None, :], axis=1)
    territory, action = np.nonzero(~np.isnan(score))
    at = territory, lead[territory, action]
    return pl.DataFrame(
        {
            "territoire": territory.astype(np.int32),
            "code_action": marts.actions["code_action"].gather(action),
            "rang": rank[territory, action],
            "score": score[territory, action],
            "poids_territoire": own[territory, action],
            "indicateur": at[1].astype(np.int32),
            "gravite": gravity.gravite[at],
            "ecart_pairs": gravity.ecart_pairs[at],
            "ecart_cible": gravity.ecart_cible[at],
            "part_concernee_pct": 100 * gravity.part[at],
            "population_concernee": np.round(gravity.part[at] * marts.populations[territory]),
            "valeur": tableau.valeurs[at],
            "mediane_pairs": compared.mediane_pairs[at],
            "rang_pairs": compared.rang_pairs[at],
            "nb_pairs": compared.nb_pairs[at],
            "rang_france": compared.rang_france[at],
            "nb_france": compared.nb_france[at],
            "cible": targets[at],
            "date_donnees": tableau.dates[at[1]],
            "niveau": marts.territoires["niveau"].gather(territory),
        }
    ).with_columns(pl.col(pl.Float64).fill_nan(None), pl.col("date_donnees").cast(pl.Date))


def _score_action(gravity: Gravites, columns: np.ndarray, choix: ParametresEnjeux) -> tuple[np.ndarray, np.ndarray]:
    """(T,) score of an action and the indicator that weighs most in it; NaN where none is known."""
    n = len(gravity.gravite)
    if not len(columns):
        return np.full(n, np.nan), np.zeros(n, dtype=int)
    severity = gravity.gravite[:, columns]
    part = np.nan_to_num(gravity.part[:, columns], nan=choix.part_inconnue)
    weight = np.where(np.isnan(severity), 0, gravity.fraicheur[columns])
    weight = np.nan_to_num(weight)
    own = np.nan_to_num(severity) * (choix.part_plancher + (1 - choix.part_plancher) * part)
    total = weight.sum(axis=1)
    score = (weight * own).sum(axis=1) / np.where(total > 0, total, np.nan)
    return score, columns[np.argmax(np.where(weight > 0, weight * own, -1), axis=1)]


def _own_weights(marts: Marts) -> np.ndarray:
    """(T, A) weights that the territories gave themselves; one where they said nothing."""
    own = np.ones((len(marts.territoires), len(marts.actions)))
    actions = {code: i for i, code in enumerate(marts.actions["code_action"])}
    for row in marts.priorites.iter_rows(named=True):
        if row["code_action"] in actions and row["poids"] is not None:
            own[row["territoire"], actions[row["code_action"]]] = row["poids"]
    return own


LEVELS = {
    "commune": "communes", "epci": "intercommunalités", "bassin_vie": "bassins de vie", "crte": "territoires de CRTE",
    "departement": "départements", "region": "régions", "territoire": "intercommunalités",
}  # fmt: skip


def with_reasons(frame: pl.DataFrame, marts: Marts) -> pl.DataFrame:
    """One French sentence a row: the figure, its date, against whom, the target, the people."""
    labels = marts.indicateurs.with_row_index("indicateur").select(
        pl.col("indicateur").cast(pl.Int32),
        "libelle",
        pl.when(pl.col("unite").str.contains("0 à 10")).then(pl.lit("sur 10")).otherwise("unite").alias("unite"),
    )
    frame = frame.join(labels, on="indicateur", how="left", maintain_order="left").with_columns(
        pl.col("niveau").replace_strict(LEVELS, default="territoires").alias("semblables"),
        (pl.col("cible") - pl.col("valeur")).abs().alias("manque"),
    )
    figure = pl.format("{} : {} au {}", "libelle", with_unit("valeur"), day("date_donnees"))
    rank = pl.when(pl.col("rang_pairs") == 1).then(pl.lit("première place")).otherwise(
        pl.format("{}e place", pl.col("rang_pairs").cast(pl.Int32))
    )  # fmt: skip
    peers = pl.format(
        ", contre {} en médiane de {} {} comparables ({} sur {})", number("mediane_pairs"),
        pl.col("nb_pairs").cast(pl.Int32), "semblables", rank, (pl.col("nb_pairs") + 1).cast(pl.Int32),
    )  # fmt: skip
    france = pl.format(
        ", {}e sur {} en France", pl.col("rang_france").cast(pl.Int32), pl.col("nb_france").cast(pl.Int32)
    )
    target = pl.when(pl.col("ecart_cible") > 0).then(
        pl.format(" ; cible {}, écart {}", with_unit("cible"), number("manque"))
    ).when(pl.col("ecart_cible") == 0).then(pl.format(" ; cible {} atteinte", with_unit("cible")))  # fmt: skip
    concerned = pl.when(pl.col("population_concernee") >= 1).then(
        pl.format(" ; environ {}habitants concernés", people("population_concernee"))
    )
    weight = pl.col("poids_territoire")
    chosen = (
        pl.when(weight == 0)
        .then(pl.lit(" ; écartée par le territoire"))
        .when(weight != 1)
        .then(pl.format(" ; poids {} donné par le territoire", number("poids_territoire")))
    )
    against = pl.when(pl.col("rang_pairs").is_not_null()).then(peers).when(pl.col("nb_france") > 1).then(france)
    parts = [figure, against, target, concerned, chosen]
    sentence = pl.concat_str([part.fill_null("") for part in parts] + [pl.lit(".")])
    return frame.with_columns(sentence.alias("raison"))
