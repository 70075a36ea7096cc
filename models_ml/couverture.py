"""Coverage instances from travel tables: who is already served, who could be, and the plan on top of the network."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from models_ml.optimisation.heuristiques import covered_weight, rank_sites, settle_in_towns
from models_ml.plan import Plan, Plancher, couverture_maximale


@dataclass(frozen=True)
class Proposition:
    """A plan with what people read of it. rangs: [(commune index, people gained)] by what each site adds in its turn.

    couverte_avant, couverte_apres: people within the threshold. minutes: to the quickest proposed site, and
    minutes_autres: to the quickest but the commune's own; (n,), inf beyond the table.
    """

    plan: Plan
    rangs: list[tuple[int, float]]
    couverte_avant: float
    couverte_apres: float
    retenues: np.ndarray
    minutes: np.ndarray
    minutes_autres: np.ndarray


def within(minutes: sparse.csr_matrix, threshold: float) -> sparse.csr_matrix:
    """Pairs at most `threshold` apart, as a csr of ones (explicit zeros of `minutes` are pairs)."""
    near = minutes.tocoo()
    keep = near.data <= threshold
    return sparse.csr_matrix((np.ones(keep.sum()), (near.row[keep], near.col[keep])), shape=minutes.shape)


def propose(
    candidates: sparse.csr_matrix,
    served: np.ndarray,
    population: np.ndarray,
    p: int,
    threshold: float,
    *,
    allowed: np.ndarray | None = None,
    counted: np.ndarray | None = None,
    floors: list[Plancher] | None = None,
    gap: float = 1e-4,
    time_limit: float | None = None,
    seed: int = 0,
) -> Proposition:
    """Best p communes where to open, given those that the network serves already.

    Args:
        candidates: minutes between communes (n, n). served: bool (n,), within the threshold of an open site.
        allowed: bool (n,), where one may open. counted: bool (n,), whose people count. Both default to all.
    """
    n = len(population)
    allowed = np.ones(n, bool) if allowed is None else allowed
    counted = np.ones(n, bool) if counted is None else counted
    weights = np.where(
        counted, np.nan_to_num(population), 0.0
    )  # unknown population: nobody counted, and reported apart
    columns = np.flatnonzero(allowed)
    network = sparse.csr_matrix(served.astype(float).reshape(-1, 1))
    cover = sparse.hstack([within(candidates, threshold)[:, columns], network]).tocsr()
    existing = [len(columns)]
    plan = couverture_maximale(cover, weights, p, existing, floors, gap, time_limit, seed)
    plan = _in_towns(plan, cover, weights, existing, np.append(np.nan_to_num(population)[columns], -1.0), gap)
    ranked = rank_sites(cover, weights, existing, plan.sites)
    chosen = columns[plan.sites]
    kept = np.zeros(n, bool)
    kept[chosen] = True
    before = float(weights[served].sum())
    ranks = [(int(columns[site]), gained) for site, gained in ranked]
    minutes, others = quickest(candidates, chosen)
    return Proposition(plan, ranks, before, plan.objectif, kept, minutes, others)


def _in_towns(plan: Plan, cover, weights, existing, size: np.ndarray, gap: float) -> Plan:
    """The same plan with each site in the largest commune that loses nobody; its value can only rise."""
    sites = settle_in_towns(cover, weights, existing, plan.sites, size)
    value = covered_weight(cover, weights, [*existing, *sites])
    bound = max(plan.borne, value)
    spread = (bound - value) / value if value > 0 else plan.ecart
    return replace(plan, sites=sites, objectif=value, borne=bound, ecart=spread, prouve=spread <= gap * (1 + 1e-9))


def quickest(candidates: sparse.csr_matrix, sites: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Minutes from each commune to the quickest of `sites` (commune indices), and to the quickest but its own."""
    minutes, others = (np.full(candidates.shape[0], np.inf) for _ in range(2))
    if len(sites):
        part = candidates[:, sites].tocoo()
        np.minimum.at(minutes, part.row, part.data)
        away = part.row != sites[part.col]
        np.minimum.at(others, part.row[away], part.data[away])
    return minutes, others
