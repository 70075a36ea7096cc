"""Good capacitated plans quickly: assign by regret, shift and swap, move each site to the middle of its rows."""

from __future__ import annotations

import numpy as np


def assign(costs: np.ndarray, weights: np.ndarray, capacities: np.ndarray) -> np.ndarray | None:
    """Column of each row, the row that would lose most first; None when somebody is left. costs (n, k)."""
    left, chosen = capacities.astype(float).copy(), np.full(len(weights), -1)
    waiting = np.argsort(-weights, kind="stable")
    while len(waiting):
        fits = np.where(weights[waiting, None] <= left[None, :] + 1e-9, costs[waiting], np.inf)
        two = np.partition(fits, min(1, fits.shape[1] - 1), axis=1)
        if not np.isfinite(two[:, 0]).all():
            return None
        regret = np.where(
            np.isfinite(two[:, min(1, fits.shape[1] - 1)]), two[:, min(1, fits.shape[1] - 1)] - two[:, 0], np.inf
        )
        pick = int(np.argmax(regret))
        row, column = waiting[pick], int(np.argmin(fits[pick]))
        chosen[row] = column
        left[column] -= weights[row]
        waiting = np.delete(waiting, pick)
    return chosen


def polish(costs: np.ndarray, weights: np.ndarray, capacities: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Shift one row, or swap two, while the cost falls; capacities stay respected."""
    n, chosen = len(weights), chosen.copy()
    rows = np.arange(n)
    for _ in range(20 * n):
        load = np.bincount(chosen, weights=weights, minlength=costs.shape[1])
        now = costs[rows, chosen]
        shift = np.where(load[None, :] + weights[:, None] <= capacities[None, :] + 1e-9, costs - now[:, None], np.inf)
        at = np.unravel_index(np.argmin(shift), shift.shape)
        there = costs[:, chosen]  # cost of row i at the column of row k
        swap = there + there.T - now[:, None] - now[None, :]
        spare = capacities[chosen] - load[chosen] + weights
        fits = weights[:, None] <= spare[None, :] + 1e-9
        swap = np.where(fits & fits.T & (chosen[:, None] != chosen[None, :]), swap, np.inf)
        pair = np.unravel_index(np.argmin(swap), swap.shape)
        best = min(shift[at], swap[pair])
        if not best < -1e-9:
            return chosen
        if shift[at] <= swap[pair]:
            chosen[at[0]] = at[1]
        else:
            chosen[list(pair)] = chosen[[pair[1], pair[0]]]
    return chosen


def middle(costs: np.ndarray, weights, capacities, sites: np.ndarray, chosen: np.ndarray, opening, fixed) -> np.ndarray:
    """Each movable site at the column that serves its rows at least cost and can hold them; others stay."""
    sites = sites.copy()
    for k in np.flatnonzero(~fixed[sites]):
        rows = np.flatnonzero(chosen == k)
        if not len(rows):
            continue
        total = costs[rows].sum(axis=0) + opening
        total[capacities < weights[rows].sum() - 1e-9] = np.inf
        total[np.setdiff1d(sites, sites[k])] = np.inf
        best = int(np.argmin(total))
        if total[best] < total[sites[k]] - 1e-9:
            sites[k] = best
    return sites


def plan_from(costs, weights, capacities, sites, opening, fixed) -> tuple[float, np.ndarray, np.ndarray] | None:
    """Value, sites and affectation (columns of costs) from a first choice of sites; None when they cannot hold all."""
    sites = np.asarray(sites, int)
    for _ in range(50):
        chosen = assign(costs[:, sites], weights, capacities[sites])
        if chosen is None:
            return None
        chosen = polish(costs[:, sites], weights, capacities[sites], chosen)
        moved = middle(costs, weights, capacities, sites, chosen, opening, fixed)
        if np.array_equal(moved, sites):
            break
        sites = moved
    used = np.unique(sites[chosen])
    value = costs[np.arange(len(weights)), sites[chosen]].sum() + opening[used].sum()
    return float(value), used, sites[chosen]
