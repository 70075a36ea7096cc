"""Other aims for a coverage plan: a budget in euros, the worst-off group first, equal distances, one plan a size."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from models_ml.optimisation.mediane import p_median
from models_ml.optimisation.resultat import Plan
from pilotage.errors import ErreurRecommandation

INFAISABLE = 2
EXPOSANT = 600.0
"""Largest exponent of a cost: sums of many stay far from overflow."""


@dataclass(frozen=True)
class Lignes:
    """Linear constraints lower ≤ matrix·(x, y, t) ≤ upper."""

    matrix: sparse.csr_matrix
    lower: np.ndarray | float
    upper: np.ndarray | float


def _checked(cover, weights) -> tuple[sparse.csr_matrix, np.ndarray]:
    cover, weights = sparse.csr_matrix(cover).astype(bool).astype(float), np.asarray(weights, float)
    if cover.shape[0] != len(weights):
        raise ValueError(f"cover has {cover.shape[0]} rows and weights {len(weights)}")
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError("weights hold missing, infinite or negative values")
    return cover, weights


def _solve(gain: np.ndarray, cover, rows: list[Lignes], existing, gap: float, time_limit: float | None):
    """Maximise gain·(x, y[, t]) with y ≤ Σx and the given rows; gives SciPy's result."""
    n, m = cover.shape
    extra = len(gain) - n - m
    link = sparse.hstack([-cover, sparse.eye(n), sparse.csr_matrix((n, extra))])
    low = np.zeros(len(gain))
    low[np.asarray(existing, int)] = 1.0
    whole = np.concatenate([np.ones(m), np.zeros(n + extra)])
    options = {"mip_rel_gap": gap / 2, **({} if time_limit is None else {"time_limit": time_limit})}
    constraints = [LinearConstraint(link, -np.inf, 0.0), *(LinearConstraint(r.matrix, r.lower, r.upper) for r in rows)]
    return milp(-gain, integrality=whole, bounds=Bounds(low, 1.0), constraints=constraints, options=options)


def _row(values: np.ndarray, size: int) -> sparse.csr_matrix:
    return sparse.csr_matrix(np.concatenate([values, np.zeros(size - len(values))]))


def _plan(done, cover, weights, existing, gap: float, start: float, method: str) -> Plan:
    if done.x is None:
        raise ErreurRecommandation(
            "aucun plan n'existe sous ces contraintes" if done.status == INFAISABLE else "aucun plan trouvé à temps",
            conseil="augmenter le budget ou le nombre de sites, ou allonger la limite de temps",
        )
    opened = np.flatnonzero(done.x[: cover.shape[1]] > 0.5)
    value = float(weights[np.asarray(cover[:, opened].sum(axis=1)).ravel() > 0].sum())
    bound = max(value, -float(done.mip_dual_bound))
    spread = (bound - value) / value if value > 0 else (0.0 if bound == 0 else float("inf"))
    sites = np.setdiff1d(opened, np.asarray(existing, int)).astype(int)
    return Plan(sites, None, value, bound, spread, spread <= gap * (1 + 1e-9), time.perf_counter() - start, method)


def couverture_budget(
    cover, weights, costs, budget: float, existing: Sequence[int] = (), groups=None, gap: float = 1e-4,
    time_limit: float | None = None,
) -> Plan:  # fmt: skip
    """Cover the most weight without spending more than `budget`; existing columns cost nothing.

    max Σ_i w_i·y_i  s.t.  y_i ≤ Σ_j a_ij·x_j,  Σ_j c_j·x_j ≤ budget,  Σ_{j ∈ g} x_j ≤ 1 for each group g of columns:
    the actions possible at one place, each with its reach and cost. Church & ReVelle (1974) with a knapsack;
    Khuller, Moss & Naor (1999), Information Processing Letters 70(1).

    Args:
        cover: (n, m). costs: (m,), not negative. groups: label of each column (m,), no limit without it.
    Raises:
        ErreurRecommandation: a place has two actions open already.
        ValueError: shapes disagree, or a value is missing or negative.
    """
    start = time.perf_counter()
    cover, weights = _checked(cover, weights)
    n, m = cover.shape
    costs = np.asarray(costs, float).copy()
    if costs.shape != (m,) or not np.isfinite(costs).all() or (costs < 0).any() or budget < 0:
        raise ValueError("costs and budget must be finite and not negative, one cost a column")
    costs[np.asarray(existing, int)] = 0.0
    rows = [Lignes(_row(costs, n + m), -np.inf, budget)]
    if groups is not None:
        labels = np.unique(np.asarray(groups), return_inverse=True)[1]
        table = sparse.csr_matrix((np.ones(m), (labels, np.arange(m))), (labels.max() + 1, n + m))
        rows.append(Lignes(table, -np.inf, 1.0))
        if (table[:, np.asarray(existing, int)].sum(axis=1) > 1).any():
            raise ErreurRecommandation("deux actions déjà ouvertes au même lieu", conseil="n'en garder qu'une")
    done = _solve(np.concatenate([np.zeros(m), weights]), cover, rows, existing, gap, time_limit)
    if done.x is None:  # opening nothing more is always a plan: the time ran out before the solver met one
        done.x = np.isin(np.arange(n + m), np.asarray(existing, int)).astype(float)
        done.mip_dual_bound = -float(weights.sum())
    return _plan(done, cover, weights, existing, gap, start, "couverture sous budget : HiGHS")


@dataclass(frozen=True)
class PlanEquitable:
    """plan: the most weight among the plans whose worst-off group is served best. part: that group's covered share,
    part_borne: no plan does better for it. plan.prouve asks for both proofs, that of the share and that of the weight.
    """

    plan: Plan
    part: float
    part_borne: float


def maximin(
    cover, weights, groups, p: int, existing: Sequence[int] = (), gap: float = 1e-4, time_limit: float | None = None
) -> PlanEquitable:
    """Serve the worst-off group best, then the most people: max min_G Σ_{i∈G} w_i·y_i / Σ_{i∈G} w_i, then Σ_i w_i·y_i.

    Rawls's maximin, lexicographic; Marsh & Schilling (1994), European Journal of Operational Research 74(1). groups:
    label of each row (n,); a group without weight asks for nothing.

    Raises:
        ErreurRecommandation: no plan was met in time. ValueError: as `couverture_budget`.
    """
    start = time.perf_counter()
    cover, weights = _checked(cover, weights)
    n, m = cover.shape
    labels = np.unique(np.asarray(groups), return_inverse=True)[1]
    total = np.bincount(labels, weights=weights)
    kept = np.flatnonzero(total > 0)
    if p < 0 or not len(kept):
        raise ValueError("p must not be negative, and one group at least must hold somebody")
    share = sparse.csr_matrix(
        (weights / np.maximum(total[labels], 1e-300), (labels, m + np.arange(n))), (len(total), m + n)
    )
    share = share[kept]
    free = np.ones(m)
    free[np.asarray(existing, int)] = 0.0
    worst = sparse.hstack([share, -np.ones((len(kept), 1))]).tocsr()
    half = None if time_limit is None else time_limit / 2
    first = _solve(
        np.concatenate([np.zeros(m + n), [1.0]]), cover,
        [Lignes(_row(free, m + n + 1), -np.inf, p), Lignes(worst, 0.0, np.inf)], existing, gap, half,
    )  # fmt: skip
    if first.x is None:
        raise ErreurRecommandation("aucun plan trouvé à temps", conseil="allonger la limite de temps")
    opened = np.flatnonzero(first.x[:m] > 0.5)
    met = (np.asarray(cover[:, opened].sum(axis=1)).ravel() > 0).astype(float)
    reached = float((share @ np.concatenate([np.zeros(m), met])).min())
    rows = [Lignes(_row(free, m + n), -np.inf, p), Lignes(share, reached * (1 - 1e-9), np.inf)]
    done = _solve(np.concatenate([np.zeros(m), weights]), cover, rows, existing, gap, half)
    plan = _plan(done, cover, weights, existing, gap, start, "maximin lexicographique : HiGHS")
    most = max(reached, min(1.0, -float(first.mip_dual_bound)))
    proven = plan.prouve and most - reached <= gap * max(reached, 1e-9) + 1e-9
    return PlanEquitable(replace(plan, prouve=proven), reached, most)


def kolm_pollak(
    costs, weights, p: int, aversion: float, existing: Sequence[int] = (), gap: float = 1e-4,
    time_limit: float | None = None, seed: int = 0,
) -> Plan:  # fmt: skip
    """Least equally-distributed equivalent of the costs: the far count more, all the more as `aversion` grows.

    E = ln(Σ_i w_i·e^{κ·z_i} / Σ_i w_i) / κ, z_i the cost to the nearest open site, κ = aversion > 0 (per unit of cost).
    E rises with Σ_i w_i·e^{κ·z_i}, so its best plan is that of a p-median with costs e^{κ·c_ij}, exactly. Kolm-Pollak:
    Horton, Logan, Murrell, Skipper & Speakman (2024), «A scalable optimization approach for equitable facility
    location».

    objectif and borne are in the unit of the costs. Absent pairs are forbidden, as in `p_median`.

    Raises:
        ErreurRecommandation, ValueError: as `p_median`; ValueError for an aversion that is not positive.
    """
    if not aversion > 0:
        raise ValueError("aversion must be positive")
    weights = np.asarray(weights, float)
    if not weights.sum() > 0:
        raise ValueError("weights must hold somebody")
    bent, shift, dropped = _bend(costs, weights, aversion)
    try:
        plan = p_median(bent, weights, p, existing, gap * aversion, time_limit, seed)
    except ErreurRecommandation as error:
        if not dropped:
            raise
        raise ErreurRecommandation(
            f"l'aversion {aversion:g} est trop forte pour l'étendue de ces coûts", conseil="la baisser, ou augmenter p"
        ) from error
    least = min(plan.borne, weights[weights > 0].min() * np.exp(EXPOSANT)) if dropped else plan.borne
    value = shift + float(np.log(plan.objectif / weights.sum()) / aversion)
    bound = shift + float(np.log(least / weights.sum()) / aversion) if least > 0 else 0.0
    bound = max(0.0, min(bound, value))
    spread = (value - bound) / value if value > 0 else 0.0
    return Plan(
        plan.sites, plan.affectation, value, bound, spread, spread <= gap * (1 + 1e-9), plan.duree_s,
        "Kolm-Pollak, par p-médiane",
    )  # fmt: skip


def _bend(costs, weights: np.ndarray, aversion: float) -> tuple[sparse.csr_matrix, float, bool]:
    """Costs e^{κ·(c - s)}, the shift s, and whether pairs too dear to be written were left out.

    s is the dearest of the rows' cheapest costs: every plan pays at least 1 for that row, so no objective vanishes; a
    pair beyond e^{EXPOSANT} would alone cost more than any plan that does without.
    """
    if sparse.issparse(costs):
        pairs = sparse.csr_matrix(costs, dtype=float)
        pointers, columns, values, shape = pairs.indptr, pairs.indices, pairs.data, pairs.shape
        rows = np.repeat(np.arange(shape[0]), np.diff(pointers))
    else:
        table = np.asarray(costs, float)
        if np.isnan(table).any():
            raise ValueError("costs hold missing values")
        shape = table.shape
        rows, columns = np.nonzero(np.isfinite(table))
        values = table[rows, columns]
    cheapest = np.full(shape[0], np.inf)
    np.minimum.at(cheapest, rows, values)
    asked = cheapest[(weights > 0) & np.isfinite(cheapest)]
    shift = float(asked.max()) if len(asked) else 0.0
    exponent = aversion * (values - shift)
    kept = exponent <= EXPOSANT
    pointers = np.concatenate([[0], np.cumsum(np.bincount(rows[kept], minlength=shape[0]))])
    bent = sparse.csr_matrix((np.exp(exponent[kept]), columns[kept], pointers), shape=shape)
    return bent, shift, not kept.all()


def frontiere(
    cover,
    weights,
    sizes: Sequence[int],
    existing: Sequence[int] = (),
    gap: float = 1e-3,
    time_limit: float | None = None,
) -> list[Plan]:
    """The best coverage for each number of sites, by ascending size; time_limit is that of each plan.

    Each has its own bound. A search stopped short of what fewer sites cover starts from nothing better: the plan is
    kept as it is, unproven, and its bound says so.
    """
    from models_ml.plan import couverture_maximale

    return [couverture_maximale(cover, weights, p, existing, gap=gap, time_limit=time_limit) for p in sorted(sizes)]
