"""Good plans quickly: greedy, then the best interchange while the objective falls. They never claim a proof.

Whitaker, A fast algorithm for the greedy interchange for large-scale clustering and median location problems, INFOR 21
(1983) 95-108; Resende and Werneck, A fast swap-based local search procedure for location problems, Annals of
Operations Research 150 (2007) 205-230.
"""

from __future__ import annotations

import heapq
import time
from dataclasses import replace

import numpy as np
from scipy import sparse

from models_ml.optimisation.mediane_table import Table, reduce_table, serve, value

SECOUSSE = 6
PORTEE = 3.0


def with_penalty(table: Table) -> Table:
    """The same table where a row left unserved pays more than any pair, rather than infinitely."""
    lost = ~np.isfinite(table.repli)
    if not lost.any():
        return table
    top = 3 * float(table.vals.max(initial=0)) + 1
    return replace(table, repli=np.where(lost, top, table.repli))


def crop(table: Table, sites) -> Table:
    """The pairs that cost at most a few times the second open site of their row: enough to improve `sites`."""
    limits = PORTEE * serve(table, sites)[2]
    keep = table.vals <= limits[table.rows]
    return replace(table, rows=table.rows[keep], cols=table.cols[keep], vals=table.vals[keep])


def greedy(table: Table, deadline: float = np.inf) -> list[int]:
    """Open the site that lowers the objective most, p times at most (lazy: a gain only falls as sites open)."""
    table = with_penalty(table)
    columns = sparse.csc_matrix((table.vals, (table.rows, table.cols)), (len(table.repli), len(table.fixe)))
    paid = table.repli.copy()

    def gain(site: int) -> float:
        part = slice(columns.indptr[site], columns.indptr[site + 1])
        return float(np.maximum(paid[columns.indices[part]] - columns.data[part], 0).sum() - table.fixe[site])

    heap = [(-gain(site), int(site)) for site in np.flatnonzero(table.libre)]
    heapq.heapify(heap)
    chosen: list[int] = []
    while heap and len(chosen) < table.p and time.perf_counter() < deadline:
        _, site = heapq.heappop(heap)
        now = gain(site)
        if now <= 0:
            continue
        if heap and (-now, site) > heap[0]:
            heapq.heappush(heap, (-now, site))
            continue
        chosen.append(site)
        part = slice(columns.indptr[site], columns.indptr[site + 1])
        rows = columns.indices[part]
        paid[rows] = np.minimum(paid[rows], columns.data[part])
    return sorted(chosen)


def interchange(table: Table, sites, deadline: float = np.inf, rounds: int = 10_000) -> list[int]:
    """Apply the best of all openings, closures and swaps while one lowers the objective."""
    table = with_penalty(table)
    chosen = np.array(sorted(sites), int)
    for _ in range(rounds):
        if time.perf_counter() > deadline:
            break
        gain, leaving, entering = _best_move(table, chosen)
        if gain <= 1e-9 * max(1.0, float(table.repli.max(initial=0))):
            break
        kept = chosen if leaving is None else np.delete(chosen, leaving)
        chosen = np.sort(kept if entering is None else np.append(kept, entering))
    return chosen.tolist()


def _best_move(table: Table, chosen: np.ndarray) -> tuple[float, int | None, int | None]:
    """(fall of the objective, position of the site to close, site to open)."""
    m, k = len(table.fixe), len(chosen)
    paid, by, second = serve(table, chosen)
    near = np.flatnonzero(table.vals < second[table.rows])
    rows, cols, vals = table.rows[near], table.cols[near], table.vals[near]
    better = vals < paid[rows]
    gain = np.bincount(cols[better], (paid[rows] - vals)[better], minlength=m) - table.fixe
    gain[chosen] = -np.inf
    gain[~table.libre] = -np.inf
    position = np.full(m + 1, k)
    position[chosen] = np.arange(k)
    owner = position[by]
    loss = np.bincount(owner, second - paid, minlength=k + 1)[:k] - table.fixe[chosen]
    moves = [(0.0, None, None)]
    if k < table.p:
        entering = int(np.argmax(gain))
        moves.append((float(gain[entering]), None, entering))
    if k:
        leaving = int(np.argmin(loss))
        moves.append((float(-loss[leaving]), leaving, None))
        back = np.bincount(
            owner[rows].astype(np.int64) * m + cols, second[rows] - np.maximum(vals, paid[rows]), minlength=(k + 1) * m
        ).reshape(k + 1, m)[:k]
        profit = back + gain[None, :] - loss[:, None]
        best = int(np.argmax(profit))
        moves.append((float(profit.flat[best]), best // m, best % m))
    return max(moves, key=lambda move: move[0])


def perturb(table: Table, sites, support, rounds: int, rng: np.random.Generator, deadline: float) -> np.ndarray:
    """Iterated interchange among the columns of `support`: a few sites change at random, the better plan is kept."""
    table = with_penalty(crop(reduce_table(table, (), np.setdiff1d(np.arange(len(table.fixe)), support)), sites))
    best = np.array(sorted(sites), int)
    value_best = value(table, best)
    for _ in range(rounds):
        spare = np.setdiff1d(support, best)
        moved = min(SECOUSSE, max(1, len(best) // 3), len(best), len(spare))
        if not moved or time.perf_counter() > deadline:
            break
        kept = np.setdiff1d(best, rng.choice(best, moved, replace=False))
        tried = np.array(interchange(table, np.append(kept, rng.choice(spare, moved, replace=False)), deadline), int)
        found = value(table, tried)
        if found <= value_best:
            best, value_best = tried, found
    return best
