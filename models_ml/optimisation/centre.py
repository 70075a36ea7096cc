"""p-centre: p sites that make the worst row as near as can be, by covering decisions on the distinct costs.

Minieka, The m-center problem, SIAM Review 12 (1970) 138-139; Elloumi, Labbé and Pochet, A new formulation and
resolution method for the p-center problem, INFORMS Journal on Computing 16 (2004) 84-94.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from models_ml.optimisation.mediane_table import Table, build_table, serve
from models_ml.optimisation.resultat import Plan
from models_ml.optimisation.solveur import _run
from pilotage.errors import ErreurRecommandation

DOMINANCE = 3000
ANY = 1e6  # relative gap at which the first plan found is good enough


@dataclass(frozen=True)
class Couverture:
    """At most p columns that together serve all rows asked for (None when unknown or impossible), and a lower bound on
    how many any such choice counts: more than p when it is impossible, inf when some row has no column."""

    sites: np.ndarray | None
    bound: float


def p_centre(costs, weights, p: int, existing=(), gap: float = 1e-4, time_limit: float | None = None, seed: int = 0):
    """Plan of at most p sites that minimises max_i weights[i] · min over open j of costs[i, j].

    costs, weights, existing, gap, time_limit, errors: as for `p_median`; weights None counts every row once.
    The bound is the smallest cost for which p sites were not shown to be too few.
    """
    start = time.perf_counter()
    deadline = np.inf if time_limit is None else start + time_limit
    weights = np.ones(costs.shape[0]) if weights is None else weights
    table = build_table(costs, weights, p, existing)
    from models_ml.optimisation.mediane import check_served, fill, nearest

    check_served(table)
    sites, value, bound = _search(table, deadline, seed)
    if sites is None:
        raise ErreurRecommandation(
            f"{p} site(s) ne suffisent pas à desservir toutes les lignes"
            if bound == np.inf
            else f"aucun plan de {p} site(s) desservant toutes les lignes n'a été trouvé dans le temps donné",
            conseil="augmenter p, la portée des trajets ou le temps",
        )
    sites = fill(table, sites, existing)
    by = nearest(costs, np.union1d(sites, np.asarray(existing, int)).astype(int))
    reached = (value - bound) / value if value > 0 else 0.0
    spent = time.perf_counter() - start
    return Plan(sites, by, value, bound, reached, reached <= max(gap, 1e-12), spent, "dichotomie et couvertures")


def _search(table: Table, deadline: float, seed: int) -> tuple[np.ndarray | None, float, float]:
    """Best sites, their greatest cost, and a bound, by bisection on the costs that may be the greatest."""
    levels = np.unique(np.concatenate([table.vals, table.repli[np.isfinite(table.repli)], [0.0]]))
    levels = levels[levels >= _floor(table)]
    best, value = None, np.inf
    for sites in (np.zeros(0, int), _farthest_first(table)):
        worst = float(serve(table, sites)[0].max(initial=0.0))
        if worst < value:
            best, value = sites, worst
    low, high = 0, int(np.searchsorted(levels, value))
    while low < high and time.perf_counter() < deadline:
        middle = (low + high) // 2
        far = np.flatnonzero(table.repli > levels[middle])
        near = table.vals <= levels[middle]
        left = None if deadline == np.inf else max(deadline - time.perf_counter(), 0.01)
        cover = find_cover(table.rows[near], table.cols[near], far, len(table.fixe), table.p, left, seed)
        if cover.sites is not None:
            best, value = cover.sites, float(serve(table, cover.sites)[0].max(initial=0.0))
            high = min(middle, int(np.searchsorted(levels, value)))
        elif cover.bound > table.p:
            low = middle + 1
        else:
            break
    bound = float(levels[low]) if low < len(levels) else np.inf
    return best, value, min(bound, value) if best is not None else bound


def _floor(table: Table) -> float:
    """No plan does better than the row whose best site is farthest."""
    least = table.repli.copy()
    np.minimum.at(least, table.rows, table.vals)
    return float(least.max(initial=0.0))


def _farthest_first(table: Table) -> np.ndarray:
    """Serve the worst-off row by its cheapest column, p times: a first plan (Gonzalez, TCS 38 (1985) 293-306)."""
    starts = np.searchsorted(table.rows, np.arange(len(table.repli)))
    chosen: list[int] = []
    for _ in range(table.p):
        paid = serve(table, chosen)[0]
        row = int(np.argmax(paid))
        if starts[row] >= len(table.rows) or table.rows[starts[row]] != row or int(table.cols[starts[row]]) in chosen:
            break
        chosen.append(int(table.cols[starts[row]]))
    return np.array(sorted(chosen), int)


def find_cover(rows, cols, asked, m: int, p: int, time_limit: float | None, seed: int = 0) -> Couverture:
    """At most p of m columns that serve every row of `asked`, among the pairs (rows, cols), or that there are none."""
    if not len(asked):
        return Couverture(np.zeros(0, int), 0)
    place = np.full(max(int(rows.max(initial=0)), int(asked.max())) + 1, -1)
    place[asked] = np.arange(len(asked))
    keep = place[rows] >= 0
    pairs = (np.ones(int(keep.sum()), np.int32), (place[rows[keep]], cols[keep]))
    cover = sparse.csr_matrix(pairs, (len(asked), m))
    if (np.diff(cover.indptr) == 0).any():
        return Couverture(None, np.inf)
    cover, columns = _dominate(cover, np.arange(m))
    return _solve_cover(cover, columns, p, time_limit, seed)


def _dominate(cover: sparse.csr_matrix, columns: np.ndarray) -> tuple[sparse.csr_matrix, np.ndarray]:
    """Without rows served whenever another is, nor columns that serve no more than another; both keep the optimum."""
    while True:
        shape = cover.shape
        cover = cover[_minimal(cover)]
        wide = _minimal(cover.T.tocsr(), widest=True)
        cover, columns = cover[:, wide].tocsr(), columns[wide]
        if cover.shape == shape:
            return cover, columns


def _minimal(sets: sparse.csr_matrix, widest: bool = False) -> np.ndarray:
    """Rows (sets of columns) that contain no other row, or, for `widest`, that no other contains; first of equals."""
    size = np.diff(sets.indptr)
    if sets.shape[0] > DOMINANCE:
        return np.flatnonzero(size > 0)
    shared = (sets.astype(np.float32) @ sets.T.astype(np.float32)).tocoo()
    one, other = (shared.row, shared.col) if widest else (shared.col, shared.row)
    inside = (shared.data == size[one]) & (one != other)
    lose, win = (one, other) if widest else (other, one)
    worse = inside & ((size[other] > size[one]) | (win < lose))
    keep = size > 0
    keep[lose[worse]] = False
    return np.flatnonzero(keep)


def _solve_cover(cover: sparse.csr_matrix, columns: np.ndarray, p: int, time_limit, seed: int) -> Couverture:
    import highspy

    if cover.shape[0] == 0:
        return Couverture(np.zeros(0, int), 0)
    lp = highspy.HighsLp()
    whole = sparse.vstack([cover, np.ones((1, cover.shape[1]), np.int32)]).tocsr()
    lp.num_col_, lp.num_row_ = whole.shape[1], whole.shape[0]
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = np.ones(lp.num_col_), np.zeros(lp.num_col_), np.ones(lp.num_col_)
    lp.row_lower_ = np.append(np.ones(cover.shape[0]), 0.0)
    lp.row_upper_ = np.append(np.full(cover.shape[0], highspy.kHighsInf), float(p))
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = whole.indptr, whole.indices
    lp.a_matrix_.value_ = whole.data.astype(float)
    lp.integrality_ = [highspy.HighsVarType.kInteger] * lp.num_col_
    solver, status, kinds = _run(lp, ANY, time_limit, seed)
    if status in (kinds.kInfeasible, kinds.kUnboundedOrInfeasible):
        return Couverture(None, p + 1)
    if solver.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return Couverture(None, 1)
    return Couverture(np.sort(columns[np.asarray(solver.getSolution().col_value) > 0.5]), 1)
