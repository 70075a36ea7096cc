"""Accessibility measures on sparse travel tables.

Throughout: demand (n,) is people, supply (m,) is capacity, travel is a csr_matrix (n, m) of costs (minutes or km) where
an explicit zero is a real pair and an absent pair is out of reach. Results are capacity for one person, (n,).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse


def _checked(demand, supply, travel) -> tuple[np.ndarray, np.ndarray, sparse.csr_matrix]:
    demand, supply = np.asarray(demand, float), np.asarray(supply, float)
    if not sparse.issparse(travel):
        raise TypeError("travel must be a scipy.sparse matrix: a dense zero cannot say whether it is a pair")
    travel = travel.tocsr()
    if travel.shape != (len(demand), len(supply)):
        raise ValueError(f"travel is {travel.shape}, demand and supply ask for {(len(demand), len(supply))}")
    for name, values in (("demand", demand), ("supply", supply), ("travel", travel.data)):
        if not np.isfinite(values).all() or (values < 0).any():
            raise ValueError(f"{name} holds missing, infinite or negative values: drop those rows, do not put zero")
    return demand, supply, travel


def _floating(demand, supply, travel: sparse.csr_matrix, decay: np.ndarray) -> np.ndarray:
    """Both steps with the same decay: R_j = S_j / Σ_i P_i·w_ij, then A_i = Σ_j R_j·w_ij. decay follows travel.data."""
    weights = sparse.csr_matrix((decay, travel.indices, travel.indptr), shape=travel.shape)
    reached = weights.T @ demand
    ratio = np.divide(supply, reached, out=np.zeros_like(supply), where=reached > 0)
    return weights @ ratio


def deux_sfca(demand, supply, travel, threshold: float) -> np.ndarray:
    """Two-step floating catchment area.

    A_i = Σ_{j: c_ij ≤ c₀} S_j / Σ_{k: c_kj ≤ c₀} P_k. Luo & Wang (2003), Environment and Planning B 30(6).
    A site that nobody can reach gives nothing to anybody.

    Raises:
        ValueError: shapes disagree, or a value is missing, infinite or negative.
    """
    return e2sfca(demand, supply, travel, thresholds=(threshold,), weights=(1.0,))


def e2sfca(
    demand,
    supply,
    travel,
    thresholds: Sequence[float] = (10, 20, 30),
    weights: Sequence[float] = (1, 0.68, 0.22),
) -> np.ndarray:
    """Enhanced two-step floating catchment area, with one weight by travel zone.

    A_i = Σ_j w(c_ij)·S_j / Σ_k w(c_kj)·P_k where w is `weights[r]` in the zone thresholds[r-1] < c ≤ thresholds[r], and
    0 beyond the last. Luo & Qi (2009), Health & Place 15(4), with their weights by default.

    Raises:
        ValueError: shapes disagree, a value is missing, infinite or negative, or the thresholds do not increase.
    """
    demand, supply, travel = _checked(demand, supply, travel)
    return _floating(demand, supply, travel, _by_zone(travel, thresholds, weights))


def _by_zone(travel: sparse.csr_matrix, thresholds: Sequence[float], weights: Sequence[float]) -> np.ndarray:
    """Weight of the zone of each pair, 0 beyond the last."""
    thresholds, weights = np.asarray(thresholds, float), np.asarray(weights, float)
    if len(thresholds) != len(weights) or len(thresholds) == 0 or (np.diff(thresholds) <= 0).any():
        raise ValueError("thresholds must increase, one weight each")
    zone = np.zeros(len(travel.data), np.uint16)  # counting the thresholds passed is twenty times faster than a search
    for threshold in thresholds:
        zone += travel.data > threshold
    return np.append(weights, 0.0).take(zone)


def gaussien_2sfca(demand, supply, travel, threshold: float) -> np.ndarray:
    """Two-step floating catchment area with a Gaussian decay that reaches zero at the threshold.

    A_i = Σ_j g(c_ij)·S_j / Σ_k g(c_kj)·P_k, g(c) = (e^{-½(c/c₀)²} - e^{-½}) / (1 - e^{-½}) for c ≤ c₀, 0 beyond.
    Dai (2010), Health & Place 16(5), after Wang (2007).

    Raises:
        ValueError: as `e2sfca`, or a threshold that is not positive.
    """
    demand, supply, travel = _checked(demand, supply, travel)
    if threshold <= 0:
        raise ValueError("threshold must be positive")
    floor = np.exp(-0.5)
    decay = (np.exp(-0.5 * (travel.data / threshold) ** 2) - floor) / (1 - floor)
    return _floating(demand, supply, travel, np.where(travel.data <= threshold, decay, 0.0))


def trois_sfca(
    demand,
    supply,
    travel,
    thresholds: Sequence[float] = (10, 20, 30),
    weights: Sequence[float] = (1, 0.68, 0.22),
) -> np.ndarray:
    """Three-step floating catchment area: people choose among the sites within reach, and do not count everywhere.

    G_ij = w_ij / Σ_k w_ik, R_j = S_j / Σ_i G_ij·w_ij·P_i, A_i = Σ_j G_ij·w_ij·R_j, with the zones of `e2sfca`.
    Wan, Zou & Sternberg (2012), International Journal of Geographical Information Science 26(6).

    Raises:
        ValueError: as `e2sfca`.
    """
    demand, supply, travel = _checked(demand, supply, travel)
    decay = _by_zone(travel, thresholds, weights)
    return _floating(demand, supply, travel, decay * _share(decay, _rows(travel), len(demand)))


def bfca(
    demand,
    supply,
    travel,
    thresholds: Sequence[float] = (10, 20, 30),
    weights: Sequence[float] = (1, 0.68, 0.22),
) -> np.ndarray:
    """Balanced floating catchment area: nobody is counted twice, and no level of service is given twice.

    L_j = S_j / Σ_i P_i·w_ij / Σ_k w_ik, A_i = Σ_j L_j·w_ij / Σ_k w_kj: people share themselves among sites, and the
    sum of A over places is that of L over sites. Paez, Higgins & Vivona (2019), PLoS ONE 14(6), e0218773.

    Raises:
        ValueError: as `e2sfca`.
    """
    demand, supply, travel = _checked(demand, supply, travel)
    decay = _by_zone(travel, thresholds, weights)
    by_place = _share(decay, _rows(travel), len(demand))
    by_site = _share(decay, travel.indices, len(supply))
    reached = np.bincount(travel.indices, weights=by_place * demand[_rows(travel)], minlength=len(supply))
    level = np.divide(supply, reached, out=np.zeros_like(supply), where=reached > 0)
    return np.bincount(_rows(travel), weights=by_site * level[travel.indices], minlength=len(demand))


def opportunites_cumulees(supply, travel, threshold: float) -> np.ndarray:
    """Capacity within the threshold, whoever else wants it: A_i = Σ_{j: c_ij ≤ c₀} S_j. Hansen (1959); Ingram (1971).

    Raises:
        ValueError: as `e2sfca`.
    """
    _, supply, travel = _checked(np.zeros(travel.shape[0]), supply, travel)
    within = (travel.data <= threshold).astype(float)
    return sparse.csr_matrix((within, travel.indices, travel.indptr), shape=travel.shape) @ supply


def _rows(travel: sparse.csr_matrix) -> np.ndarray:
    """Row of each stored pair."""
    return np.repeat(np.arange(travel.shape[0]), np.diff(travel.indptr))


def _share(decay: np.ndarray, groups: np.ndarray, count: int) -> np.ndarray:
    """Each weight over the sum of its group, 0 in a group without weight."""
    total = np.bincount(groups, weights=decay, minlength=count)[groups]
    return np.divide(decay, total, out=np.zeros_like(decay), where=total > 0)


def kieme_plus_proche(travel: sparse.csr_matrix, k: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """The k-th nearest destination of each origin: index (n,) int, -1 for none, and cost (n,), NaN for none.

    Ties go to the smaller index.
    """
    if k < 1:
        raise ValueError("k starts at 1")
    travel = travel.tocsr()
    travel.sort_indices()
    where, cost = np.full(travel.shape[0], -1), np.full(travel.shape[0], np.nan)
    left, filled = travel.data.astype(float), np.flatnonzero(np.diff(travel.indptr))
    if not len(filled):
        return where, cost
    starts, owner = travel.indptr[filled], np.repeat(np.arange(len(filled)), np.diff(travel.indptr)[filled])
    for rank in range(k):  # each pass takes the least of every row away
        least = np.minimum.reduceat(left, starts)
        first = np.flatnonzero(left == least[owner])
        first = first[np.append(True, np.diff(owner[first]) > 0)]
        if rank < k - 1:
            left[first] = np.inf
    found = np.isfinite(least)
    where[filled[found]], cost[filled[found]] = travel.indices[first[found]], least[found]
    return where, cost


def plus_proche(travel: sparse.csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    """The nearest destination of each origin, as `kieme_plus_proche` with k = 1."""
    return kieme_plus_proche(travel, 1)
