"""Where to open sites: exact plans with their proof."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from models_ml.optimisation.capacite import capacite
from models_ml.optimisation.centre import p_centre
from models_ml.optimisation.heuristiques import covered_weight, greedy, interchange
from models_ml.optimisation.mediane import p_median
from models_ml.optimisation.reductions import Instance, membership, reduce_instance
from models_ml.optimisation.resultat import Plan
from models_ml.optimisation.solveur import Resolution, maximise_coverage, smallest_shortfalls
from models_ml.optimisation.variantes import couverture_budget, frontiere, kolm_pollak, maximin
from pilotage.errors import ErreurRecommandation

__all__ = [
    "Plan", "Plancher", "capacite", "couverture_budget", "couverture_maximale", "frontiere", "kolm_pollak", "maximin",
    "p_centre", "p_median",
]  # fmt: skip


@dataclass(frozen=True)
class Plancher:
    """Equity floor: at least `part` (in [0, 1]) of the weight of `lignes` (row indices) must be covered."""

    nom: str
    lignes: np.ndarray
    part: float


METHODE = "couverture maximale (Church et ReVelle 1974) : réductions, glouton, échanges, HiGHS"


def couverture_maximale(
    cover: sparse.csr_matrix,
    weights: np.ndarray,
    p: int,
    existing: Sequence[int] = (),
    floors: Sequence[Plancher] | None = None,
    gap: float = 1e-4,
    time_limit: float | None = None,
    seed: int = 0,
) -> Plan:
    """Open at most p sites so as to cover the most weight (maximal covering location problem, Church & ReVelle 1974).

    max Σ_i w_i·y_i  subject to  y_i ≤ Σ_j a_ij·x_j,  Σ_{j ∉ existing} x_j ≤ p,  x_j = 1 for existing j,
    Σ_{i ∈ G} w_i·y_i ≥ part_G·Σ_{i ∈ G} w_i for each floor G,  x binary, 0 ≤ y ≤ 1.

    Args:
        cover: (n, m), true where site j serves row i in time. weights: (n,), not negative. existing: columns open.
    Returns:
        A plan with its bound. Same input and seed, same plan, unless time_limit stops the search.
    Raises:
        ErreurRecommandation: floors that no plan of p sites reaches, each named with what can be reached.
        ValueError: shapes disagree or a weight is missing or negative.
    """
    start = time.perf_counter()
    cover, weights, existing = _checked(cover, weights, p, existing)
    floors = list(floors or ())
    covered = np.asarray(cover[:, existing].sum(axis=1)).ravel() > 0
    base = float(weights[covered].sum())
    instance = _reduced(cover, weights, existing, covered, floors)
    needs = [_need(floor, weights, covered) for floor in floors]
    rows = _floor_rows(instance, cover.shape[0], floors)
    left = None if time_limit is None else max(0.0, time_limit - (time.perf_counter() - start))
    found = _solve(instance, p, rows, needs, gap, left, seed, floors)
    sites = np.sort(instance.columns[found.sites]).astype(int)
    objective = base + covered_weight(instance.cover, instance.weights, found.sites)
    bound = max(objective, base + found.bound)
    spread = (bound - objective) / objective if objective > 0 else (0.0 if bound == 0 else float("inf"))
    return Plan(sites, None, objective, bound, spread, spread <= gap * (1 + 1e-9), time.perf_counter() - start, METHODE)


def _checked(cover, weights, p, existing):
    cover = sparse.csr_matrix(cover).astype(bool).astype(np.int32)
    cover.eliminate_zeros()
    weights = np.asarray(weights, float)
    if cover.shape[0] != len(weights):
        raise ValueError(f"cover has {cover.shape[0]} rows and weights {len(weights)}")
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError("weights hold missing, infinite or negative values")
    if p < 0:
        raise ValueError("p is negative")
    return cover, weights, np.unique(np.asarray(existing, int))


def _reduced(cover, weights, existing, covered, floors) -> Instance:
    """What is left to decide, once the existing sites serve theirs."""
    free = np.setdiff1d(np.arange(cover.shape[1]), existing)
    rows = np.flatnonzero(~covered & (weights > 0))
    groups = membership(cover.shape[0], [np.asarray(f.lignes, int) for f in floors])
    return reduce_instance(Instance(cover[rows][:, free].tocsr(), weights[rows], groups[rows], free))


def _need(floor: Plancher, weights, covered) -> float:
    """Weight that the floor still asks for, after the existing sites."""
    rows = np.unique(np.asarray(floor.lignes, int))
    return float(floor.part * weights[rows].sum() - weights[rows][covered[rows]].sum())


def _floor_rows(instance: Instance, n: int, floors) -> list[np.ndarray]:
    """Reduced rows of each floor, found again through the label that their original rows share."""
    groups = membership(n, [np.asarray(f.lignes, int) for f in floors])
    return [np.flatnonzero(np.isin(instance.groups, np.unique(groups[np.asarray(f.lignes, int)]))) for f in floors]


def _solve(instance, p, rows, needs, gap, time_limit, seed, floors) -> Resolution:
    active = [k for k, need in enumerate(needs) if need > 1e-9]
    if p >= len(instance.columns) and not active:
        everything = np.arange(len(instance.columns))
        return Resolution(everything, float(instance.weights.sum()))
    start = interchange(instance.cover, instance.weights, greedy(instance.cover, instance.weights, p))
    limits = [(rows[k], needs[k]) for k in active]
    found = maximise_coverage(instance, p, limits, gap, time_limit, seed, start)
    if found is None:
        raise _impossible(instance, p, [floors[k] for k in active], limits, seed, time_limit)
    return found


def _impossible(instance, p, floors, limits, seed, time_limit) -> ErreurRecommandation:
    """Say which floors cannot hold: each tried alone first, then the smallest joint shortfall, in the time allowed."""
    share = None if time_limit is None else time_limit / (len(floors) + 1)
    alone, possible = [], True
    for floor, (rows, need) in zip(floors, limits, strict=True):
        weights = np.zeros_like(instance.weights)
        weights[rows] = instance.weights[rows]
        best = maximise_coverage(
            Instance(instance.cover, weights, instance.groups, instance.columns), p, [], 0, share, seed
        )
        possible &= covered_weight(instance.cover, weights, best.sites) >= need * (1 - 1e-9)
        if best.bound < need * (1 - 1e-9):
            alone.append(
                f"« {floor.nom} » : il manque {need - best.bound:,.0f} à couvrir, même en y mettant les {p} sites"
            )
    if not alone:
        lacks = smallest_shortfalls(instance, p, limits, seed, share)
        alone = [
            f"« {floor.nom} » : il manque {lack:,.0f}"
            for floor, lack in zip(floors, lacks, strict=False)
            if lack > 1e-6
        ]
        alone.append("chacun est possible seul, pas tous ensemble" if possible else "pas tous ensemble")
    return ErreurRecommandation(
        "planchers impossibles : " + " ; ".join(alone).replace(",", " "),
        conseil="baisser ces planchers ou augmenter le nombre de sites",
    )
