"""Good coverage plans quickly: greedy, then interchange. They start the exact solver and never claim a proof."""

from __future__ import annotations

import heapq

import numpy as np
from scipy import sparse


def covered_weight(cover: sparse.csr_matrix, weights: np.ndarray, sites) -> float:
    """Weight of the rows that at least one of `sites` covers."""
    sites = np.asarray(sites, int)
    if not len(sites):
        return 0.0
    return float(weights[np.asarray(cover[:, sites].sum(axis=1)).ravel() > 0].sum())


def greedy(cover: sparse.csr_matrix, weights: np.ndarray, p: int, covered: np.ndarray | None = None) -> list[int]:
    """Add the site that gains most, p times at most; stops when nothing is gained; ties go to the smaller index.

    Lazy evaluation: a gain only falls as sites are added (submodularity), so a stale gain is an upper bound.
    """
    columns = cover.tocsc()
    left = weights.astype(float).copy()
    if covered is not None:
        left[covered] = 0
    gains = columns.T @ left
    heap = [(-gain, site) for site, gain in enumerate(gains) if gain > 0]
    heapq.heapify(heap)
    chosen: list[int] = []
    while heap and len(chosen) < p:
        _, site = heapq.heappop(heap)
        rows = columns.indices[columns.indptr[site] : columns.indptr[site + 1]]
        gain = float(left[rows].sum())
        if heap and (-gain, site) > heap[0]:
            if gain > 0:
                heapq.heappush(heap, (-gain, site))
        elif gain > 0:
            chosen.append(site)
            left[rows] = 0
    return chosen


def interchange(cover: sparse.csr_matrix, weights: np.ndarray, sites: list[int], rounds: int = 50) -> list[int]:
    """Swap each site in turn for the column that gains most once it is gone, while the covered weight rises.

    Only the columns near a site gain from its leaving: the others keep the gains of the last swap (Teitz & Bart 1968,
    Operations Research 16(5), with Whitaker's bookkeeping). Ascending columns.
    """
    if not len(sites):
        return []
    rows = sparse.csr_matrix((np.ones(cover.nnz), cover.indices, cover.indptr), cover.shape)
    by_column = rows.T.tocsr()
    chosen = sorted(int(site) for site in sites)
    inside = np.zeros(cover.shape[1], bool)
    inside[chosen] = True
    times = np.asarray(rows[:, chosen].sum(axis=1)).ravel()
    gains = by_column @ np.where(times == 0, weights, 0.0)
    for _ in range(rounds):
        moved = False
        for k, out in enumerate(chosen):
            served = by_column.indices[by_column.indptr[out] : by_column.indptr[out + 1]]
            alone = served[times[served] == 1]
            gain, best = _best_swap(rows, weights, gains, inside, alone)
            if best == out or gain <= weights[alone].sum() * (1 + 1e-12) + 1e-9:
                continue
            arriving = by_column.indices[by_column.indptr[best] : by_column.indptr[best + 1]]
            times[served] -= 1
            times[arriving] += 1
            inside[out], inside[best], chosen[k], moved = False, True, int(best), True
            near = np.unique(rows[np.union1d(served, arriving)].indices)
            gains[near] = by_column[near] @ np.where(times == 0, weights, 0.0)
        if not moved:
            break
    return sorted(chosen)


def _best_swap(rows, weights, gains, inside, alone) -> tuple[float, int]:
    """Largest gain of a column outside the plan once the rows `alone` are left, and that column."""
    free = np.where(inside, -1.0, gains)
    far = int(np.argmax(free))
    if not len(alone):
        return float(free[far]), far
    part = rows[alone]
    near, where = np.unique(part.indices, return_inverse=True)
    extra = np.bincount(where, np.repeat(weights[alone], np.diff(part.indptr)))
    total = np.where(inside[near], -1.0, gains[near] + extra)
    best = int(np.argmax(total))
    return (float(total[best]), int(near[best])) if total[best] > free[far] else (float(free[far]), far)


def rank_sites(cover: sparse.csr_matrix, weights: np.ndarray, existing, sites) -> list[tuple[int, float]]:
    """Order the sites of a plan by what each adds after those before it: [(site, weight gained)]."""
    sites = np.asarray(sites, int)
    covered = np.asarray(cover[:, np.asarray(existing, int)].sum(axis=1)).ravel() > 0
    local = cover[:, sites].tocsc()
    order = greedy(local, weights, len(sites), covered)
    order += [k for k in range(len(sites)) if k not in set(order)]
    left = np.where(covered, 0.0, weights)
    ranked = []
    for k in order:
        rows = local.indices[local.indptr[k] : local.indptr[k + 1]]
        ranked.append((int(sites[k]), float(left[rows].sum())))
        left[rows] = 0
    return ranked


def settle_in_towns(cover: sparse.csr_matrix, weights: np.ndarray, existing, sites, size: np.ndarray) -> np.ndarray:
    """Among plans that cover as much, prefer larger places: move each site to the largest one that serves all whom it
    alone serves. The covered weight never falls. size: preference of each column (m,). Ascending columns."""
    chosen = [int(site) for site in sites]
    times = np.asarray(cover[:, [*np.asarray(existing, int), *chosen]].sum(axis=1)).ravel()
    rows_of, taken = cover.tocsc(), set(chosen)
    for k, site in enumerate(chosen):
        served = rows_of.indices[rows_of.indptr[site] : rows_of.indptr[site + 1]]
        alone = served[(times[served] == 1) & (weights[served] > 0)]
        if not len(alone):
            continue
        common = cover.indices[cover.indptr[alone[0]] : cover.indptr[alone[0] + 1]]
        for row in alone[1:]:
            common = np.intersect1d(
                common, cover.indices[cover.indptr[row] : cover.indptr[row + 1]], assume_unique=True
            )
        best = max((c for c in common.tolist() if c == site or c not in taken), key=lambda c: (size[c], -c))
        if best != site:
            taken = (taken - {site}) | {best}
            times[served] -= 1
            times[rows_of.indices[rows_of.indptr[best] : rows_of.indptr[best + 1]]] += 1
            chosen[k] = best
    return np.array(sorted(chosen), int)
