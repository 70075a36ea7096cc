"""Comparable territories: nearest neighbours in a standardised profile, level by level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from models_ml.synthese.lecture import Marts
from models_ml.synthese.parametres import ParametresPairs

VARIABLES = ("population_log", "densite_log", "part_65_ans_pct", "niveau_de_vie_eur", "niveau_densite")


@dataclass(frozen=True)
class Pairs:
    """Peers of every territory.

    Attributes:
        profils: (T, 5) raw profile, NaN where unknown, in the order of `VARIABLES`.
        voisins: (T, k) row numbers, nearest first; -1 where there are fewer.
        distances: (T, k) in standard deviations by variable; NaN likewise.
        eloignes: (T,) true where the mean distance is among the largest of the level: look at those peers with care.
    """

    profils: np.ndarray
    voisins: np.ndarray
    distances: np.ndarray
    eloignes: np.ndarray


def compute_pairs(marts: Marts, choix: ParametresPairs) -> Pairs:
    """Nearest territories of the same level (or of the level's declared pool) by profile, itself excluded."""
    profiles = compute_profils(marts)
    size = max(choix.nombre.values())
    neighbours = np.full((len(profiles), size), -1, dtype=np.int32)
    distances = np.full((len(profiles), size), np.nan)
    far = np.zeros(len(profiles), dtype=bool)
    for level, k in sorted(choix.nombre.items()):
        rows = np.flatnonzero(marts.niveaux == level)
        pool = np.flatnonzero(marts.niveaux == choix.vivier.get(level, level))
        if not len(rows) or len(pool) < 2:
            continue
        found, apart = nearest(profiles, rows, pool, k, choix.variables_minimum)
        neighbours[rows, : found.shape[1]], distances[rows, : found.shape[1]] = found, apart
        with np.errstate(invalid="ignore"):
            mean = np.where(np.isnan(apart).all(1), np.inf, np.nanmean(np.nan_to_num(apart, nan=0.0), axis=1))
            far[rows] = (
                mean > np.quantile(mean[np.isfinite(mean)], choix.quantile_eloigne) if np.isfinite(mean).any() else True
            )
    return Pairs(profiles, neighbours, distances, far)


def compute_profils(marts: Marts) -> np.ndarray:
    """(T, 5): size, density, age, income, rurality; at every level from the communes that belong to it.

    Income above the commune is the mean of the medians weighted by households: enough to bring alike territories
    together, never published as a median.
    """
    communes = marts.communes
    people = _column(communes, "population")
    income, households = _column(communes, "revenu_median_eur"), _column(communes, "menages_fiscaux")
    surface = marts.territoires["superficie_km2"].cast(pl.Float64).to_numpy()
    total = marts.populations
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.where(total > 0, np.log10(total), np.nan)
        density = np.where((total > 0) & (surface > 0), np.log10(total / surface), np.nan)
    means = [
        _weighted_mean(marts, _column(communes, "part_65_ans_pct"), people),
        _weighted_mean(marts, income, np.where(households > 0, households, people)),
        _weighted_mean(marts, _column(communes, "niveau_densite"), people),
    ]
    return np.column_stack([size, density, *means])


def nearest(
    profiles: np.ndarray, rows: np.ndarray, pool: np.ndarray, k: int, minimum: int
) -> tuple[np.ndarray, np.ndarray]:
    """(len(rows), k) neighbours and distances within `pool`.

    A territory without one of the variables is compared on those it has, with the territories that have them; the
    distance is brought back to the number of variables (root mean square).
    """
    k = min(k, len(pool) - 1)
    standard = StandardScaler().fit(profiles[pool])
    scaled_rows, scaled_pool = standard.transform(profiles[rows]), standard.transform(profiles[pool])
    found = np.full((len(rows), k), -1, dtype=np.int32)
    apart = np.full((len(rows), k), np.nan)
    known = ~np.isnan(scaled_rows)
    for pattern in np.unique(known, axis=0):
        mine = np.flatnonzero((known == pattern).all(axis=1))
        there = np.flatnonzero((~np.isnan(scaled_pool[:, pattern])).all(axis=1))
        if pattern.sum() < minimum or len(there) < 2:
            continue
        model = NearestNeighbors(n_neighbors=min(k + 1, len(there))).fit(scaled_pool[np.ix_(there, pattern)])
        distance, index = model.kneighbors(scaled_rows[np.ix_(mine, pattern)])
        index = pool[there][index]
        own = index == rows[mine][:, None]
        own[~own.any(axis=1), -1] = True  # twins of the same profile pushed it out: drop the farthest instead
        keep = ~own
        n = index.shape[1] - 1
        found[mine, :n] = index[keep].reshape(len(mine), n)
        apart[mine, :n] = distance[keep].reshape(len(mine), n) / np.sqrt(pattern.sum())
    return found, apart


def _weighted_mean(marts: Marts, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(T,) mean of the communes' values; NaN where none is known."""
    commune, territory = marts.pont["commune"].to_numpy(), marts.pont["territoire"].to_numpy()
    value, weight = values[commune], weights[commune]
    known = ~np.isnan(value) & (weight > 0)
    n = len(marts.territoires)
    total = np.bincount(territory[known], weight[known], n)
    with np.errstate(invalid="ignore"):
        return np.bincount(territory[known], (value * weight)[known], n) / np.where(total > 0, total, np.nan)


def _column(frame: pl.DataFrame, name: str) -> np.ndarray:
    return frame[name].cast(pl.Float64).to_numpy()
