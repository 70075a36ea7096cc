"""The integer model of capacitated location, on the pairs that are left."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from models_ml.optimisation.solveur import PRIMAL_FEASIBLE, _run

LIENS_AU_PLUS = 60_000
"""More links x ≤ y than this slow the solver more than they help: then only the capacities bind."""


def solve_model(costs, weights, capacities, p, opening, forced, allowed, single_source, gap, time_limit, best):
    """Best plan found (value, sites, affectation) or None, dual bound, and whether the pairs allow no plan at all."""
    import highspy

    rows, columns = np.nonzero(allowed)
    sites = np.unique(np.concatenate([columns, np.flatnonzero(forced)]))
    place = np.full(costs.shape[1], -1)
    place[sites] = np.arange(len(sites))
    n, k, pairs = costs.shape[0], len(sites), len(rows)
    links = pairs if pairs <= LIENS_AU_PLUS else 0
    x, y = np.arange(pairs), pairs + place[columns]
    blocks = [
        sparse.csr_matrix((np.ones(pairs), (rows, x)), (n, pairs + k)),
        sparse.csr_matrix((weights[rows], (place[columns], x)), (k, pairs + k))
        - sparse.csr_matrix((capacities[sites], (np.arange(k), pairs + np.arange(k))), (k, pairs + k)),
        sparse.csr_matrix(((~forced[sites]).astype(float), (np.zeros(k, int), pairs + np.arange(k))), (1, pairs + k)),
        sparse.csr_matrix(
            (np.tile([1.0, -1.0], links), (np.repeat(np.arange(links), 2), np.column_stack([x, y])[:links].ravel())),
            (links, pairs + k),
        ),
    ]
    matrix = sparse.vstack(blocks).tocsr()
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = pairs + k, matrix.shape[0]
    lp.col_cost_ = np.concatenate([costs[rows, columns], opening[sites]])
    lp.col_lower_ = np.concatenate([np.zeros(pairs), forced[sites].astype(float)])
    lp.col_upper_ = np.ones(pairs + k)
    lp.row_lower_ = np.concatenate([np.ones(n), np.full(k + 1 + links, -highspy.kHighsInf)])
    lp.row_upper_ = np.concatenate([np.ones(n), np.zeros(k), [p], np.zeros(links)])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    kind = highspy.HighsVarType.kInteger if single_source else highspy.HighsVarType.kContinuous
    lp.integrality_ = [kind] * pairs + [highspy.HighsVarType.kInteger] * k
    lp.sense_ = highspy.ObjSense.kMinimize
    first = _start(best, allowed, rows, columns, sites) if best is not None and single_source else None
    solver, status, kinds = _run(lp, gap / 2, time_limit, 0, first)
    if status in (kinds.kInfeasible, kinds.kUnboundedOrInfeasible):
        return None, np.inf, True
    bound = solver.getInfo().mip_dual_bound
    if solver.getInfo().primal_solution_status != PRIMAL_FEASIBLE:
        return None, bound, False
    share = np.zeros(costs.shape)
    share[rows, columns] = np.asarray(solver.getSolution().col_value[:pairs])
    by = share.argmax(axis=1)
    if single_source:
        used = np.unique(by)
        return (float(costs[np.arange(n), by].sum() + opening[used].sum()), used, by), bound, False
    used = np.flatnonzero(share.sum(axis=0) > 1e-7)
    paid = np.where(share > 0, share * np.where(np.isfinite(costs), costs, 0.0), 0.0)
    return (float(paid.sum() + opening[used].sum()), used, by), bound, False


def _start(best, allowed, rows, columns, sites) -> np.ndarray | None:
    """The best plan as a start, when the pairs left hold it."""
    _, opened, by = best
    if not allowed[np.arange(len(by)), by].all():
        return None
    return np.concatenate([by[rows] == columns, np.isin(sites, opened)]).astype(float)
