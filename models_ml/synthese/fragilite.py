"""The fragility index of every commune, with the interval that its rank takes when the choices vary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from models_ml.synthese.correlations import IFN, correlate, inflation
from models_ml.synthese.incertitude import BLOC, Incertitude, Modele, explore, rank
from models_ml.synthese.indice import (
    PONDERATIONS,
    REFERENCE,
    Composantes,
    coverage,
    normalise,
    read_composantes,
    weights,
)
from models_ml.synthese.parametres import Parametres, ParametresFragilite

INDICE = "indice"


@dataclass(frozen=True)
class Fragilite:
    """Tables of the index, by commune in the order of `marts.communes` where they are by commune."""

    indice: pl.DataFrame
    composantes: pl.DataFrame
    definitions: pl.DataFrame
    correlations: pl.DataFrame
    incertitude: pl.DataFrame


def compute_fragilite(communes: pl.DataFrame, choix: Parametres) -> Fragilite:
    """Compute, explore and compare; where no commune may have an index, every table says so and none is invented."""
    rules = choix.fragilite
    parts = read_composantes(communes, rules)
    share, valid = coverage(parts, rules)
    rows = np.flatnonzero(valid)
    index, explored = np.full(len(communes), np.nan), None
    if len(rows) > 1:
        density = communes["niveau_densite"].cast(pl.Int64, strict=False).fill_null(0).to_numpy()
        model = Modele(parts, rows, density, rules)
        index[rows] = model.index(**REFERENCE)
        explored = explore(model, rules, choix.graine)
    return Fragilite(
        _by_commune(communes, parts, share, index, rows, explored, rules),
        _long(communes, parts, rules),
        _definitions(parts, index, rules),
        _correlations(communes, parts, index, rules),
        explored.sensibilite if explored else pl.DataFrame(),
    )


def _by_commune(
    communes: pl.DataFrame, parts: Composantes, share: np.ndarray, index: np.ndarray, rows: np.ndarray,
    explored: Incertitude | None, rules: ParametresFragilite,
) -> pl.DataFrame:  # fmt: skip
    n, total = len(communes), len(rows)
    columns = {name: np.full(n, np.nan) for name in ("rang", "rang_bas", "rang_median", "rang_haut")}
    if explored is not None:
        low, high = rules.quantiles
        columns["rang"][rows] = rank(index[rows])
        for start in range(0, total, BLOC):
            block = rows[start : start + BLOC]
            found = np.quantile(explored.rangs[:, start : start + BLOC], (low, 0.5, high), axis=0)
            for name, values in zip(("rang_bas", "rang_median", "rang_haut"), found, strict=True):
                columns[name][block] = np.round(values)
    absent = np.isnan(parts.valeurs)
    names = np.array([rules.composantes[name].libelle for name in parts.noms], dtype=object)
    with np.errstate(invalid="ignore"):
        fifth = np.where(np.isnan(columns["rang"]), np.nan, 5 - np.floor((columns["rang"] - 1) * 5 / max(total, 1)))
    return pl.DataFrame(
        {
            "code_commune": communes["code_commune"],
            "score": index,
            **columns,
            "nb_communes_classees": np.full(n, total),
            "cinquieme": fifth,
            "couverture_poids_pct": 100 * share,
            "nb_composantes": (~absent).sum(axis=1),
            "composantes_manquantes": [" ; ".join(names[line]) for line in absent],
            "ifn_publie": communes["score_total"].cast(pl.Float64),
        }
    ).with_columns(pl.col("score", *columns, "cinquieme").fill_nan(None))


def _long(communes: pl.DataFrame, parts: Composantes, rules: ParametresFragilite) -> pl.DataFrame:
    """One row a commune and component that is known, retained or not."""
    scaled = normalise(parts.valeurs, REFERENCE["normalisation"], rules.centiles_bornes)
    frames = []
    for name, values in parts.brutes.items():
        score = scaled[:, parts.noms.index(name)] if name in parts.noms else np.full(len(values), np.nan)
        frame = pl.DataFrame(
            {"code_commune": communes["code_commune"], "composante": name, "valeur": values, "score": score}
        )
        frames.append(frame.filter(pl.col("valeur").is_not_nan()))
    return pl.concat(frames).with_columns(pl.col("score").fill_nan(None))


def _definitions(parts: Composantes, index: np.ndarray, rules: ParametresFragilite) -> pl.DataFrame:
    vif = dict(zip(parts.noms, inflation(parts.valeurs), strict=True))
    poids = {m: dict(zip(parts.noms, weights(m, parts, rules), strict=True)) for m in PONDERATIONS if m != "hasard"}
    rows = []
    for order, (name, declared) in enumerate(rules.composantes.items(), start=1):
        values = parts.brutes.get(name, np.array([]))
        known = values[~np.isnan(values)]
        rows.append(
            {
                "composante": name,
                "ordre": order,
                "libelle": declared.libelle,
                "dimension": rules.dimensions[declared.dimension],
                "unite": declared.unite,
                "sens": declared.sens,
                "source": declared.source,
                "raison": declared.raison,
                "est_retenue": name in parts.noms,
                "motif_ecart": parts.ecartees.get(name),
                "nb_communes": len(known),
                "part_communes_pct": 100 * len(known) / len(values) if len(values) else 0.0,
                "mediane": float(np.median(known)) if len(known) else None,
                "partie_ifn_meme_source": IFN.get(declared.partie_ifn),
                "facteur_inflation_variance": vif.get(name),
                **{f"poids_{m}": poids[m].get(name) for m in poids},
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None).with_columns(
        pl.col("facteur_inflation_variance").cast(pl.Float64).fill_nan(None)
    )


def _correlations(
    communes: pl.DataFrame, parts: Composantes, index: np.ndarray, rules: ParametresFragilite
) -> pl.DataFrame:
    turned = dict(zip(parts.noms, parts.valeurs.T, strict=True))
    published = {name: communes[name].cast(pl.Float64).to_numpy() for name in IFN}
    found = correlate({INDICE: index, **turned, **published}, rules.correlation_double, parts.noms)
    labels = {INDICE: "Indice de Pilotage", **{n: c.libelle for n, c in rules.composantes.items()}, **IFN}
    if found.is_empty():
        return found
    shared = [
        rules.composantes[a].partie_ifn == b if a in turned else False
        for a, b in zip(found["variable_a"], found["variable_b"], strict=True)
    ]
    return found.with_columns(
        pl.col("variable_a").replace_strict(labels).alias("libelle_a"),
        pl.col("variable_b").replace_strict(labels).alias("libelle_b"),
        pl.Series("est_meme_source", shared),
    )
