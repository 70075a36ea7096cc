"""The covering problems as HiGHS models."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from models_ml.optimisation.heuristiques import interchange
from models_ml.optimisation.lagrangien import volume
from models_ml.optimisation.reductions import Instance, reduce_instance
from pilotage.errors import ErreurRecommandation

PRIMAL_FEASIBLE = 2
RESTREINT = 0.6
GRANDE, TOURS_DE_VOLUME, PART_UTILE = 20_000, 4000, 1e-3
"""Beyond so many columns the linear relaxation takes minutes: the volume algorithm bounds and picks columns first."""


@dataclass(frozen=True)
class Resolution:
    """Chosen columns of the instance, and a bound on the weight that any choice covers."""

    sites: np.ndarray
    bound: float


def _model(instance: Instance, p: int, limits, slacks: bool):
    """Columns: x (sites), y (rows), then one shortfall a limit if `slacks`. Rows: y ≤ Σx, Σx ≤ p, limits."""
    import highspy

    n, m = instance.cover.shape
    extra = len(limits) if slacks else 0
    link = sparse.hstack([-instance.cover.astype(float), sparse.eye(n), sparse.csr_matrix((n, extra))])
    budget = sparse.csr_matrix(np.concatenate([np.ones(m), np.zeros(n + extra)]))
    floors = sparse.lil_matrix((len(limits), m + n + extra))
    for k, (rows, _) in enumerate(limits):
        floors[k, m + rows] = instance.weights[rows]
        if slacks:
            floors[k, m + n + k] = 1
    matrix = sparse.vstack([link, budget, floors.tocsr()]).tocsr()
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = m + n + extra, n + 1 + len(limits)
    lp.col_lower_ = np.zeros(lp.num_col_)
    lp.col_upper_ = np.concatenate([np.ones(m + n), np.full(extra, highspy.kHighsInf)])
    lp.row_lower_ = np.concatenate([np.full(n + 1, -highspy.kHighsInf), [need for _, need in limits]])
    lp.row_upper_ = np.concatenate([np.zeros(n), [p], np.full(len(limits), highspy.kHighsInf)])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    lp.integrality_ = [highspy.HighsVarType.kInteger] * m + [highspy.HighsVarType.kContinuous] * (n + extra)
    if slacks:
        lp.sense_ = highspy.ObjSense.kMinimize
        lp.col_cost_ = np.concatenate([np.zeros(m + n), np.ones(extra)])
    else:
        lp.sense_ = highspy.ObjSense.kMaximize
        lp.col_cost_ = np.concatenate([np.zeros(m), instance.weights])
    return lp


def _silent_solver():
    """A solver that says nothing: the stock constructor prints a banner before anyone can ask it not to."""
    import highspy

    class Silent(highspy.Highs):
        def enableCallbacks(self):  # noqa: N802 (HiGHS's own name, called by its constructor)
            self.silent()
            return super().enableCallbacks()

    return Silent()


def _run(lp, gap: float, time_limit: float | None, seed: int, start=None):
    import highspy

    solver = _silent_solver()
    options = {"output_flag": False, "mip_rel_gap": gap, "mip_abs_gap": 1e-9, "random_seed": seed, "threads": 1}
    if time_limit is not None:
        options["time_limit"] = time_limit
    for name, value in options.items():
        solver.setOptionValue(name, value)
    solver.passModel(lp)
    if start is not None:
        solution = highspy.HighsSolution()
        solution.col_value = start
        solver.setSolution(solution)
    solver.run()
    return solver, solver.getModelStatus(), highspy.HighsModelStatus


def maximise_coverage(instance: Instance, p: int, limits, gap, time_limit, seed, start=()) -> Resolution | None:
    """Best p columns; `limits` are (rows, least weight to cover). None when no choice satisfies the limits.

    Bound first: the linear relaxation, rounded and interchanged, then the integer model on the columns that it uses,
    then, only if the gap is still open, the whole integer model. A search stopped by time_limit gives the best plan met
    with the best bound reached, never above what the p heaviest columns, or all of them, would cover.

    Raises:
        ErreurRecommandation: the time ran out before any plan satisfying the limits was met.
    """
    m = instance.cover.shape[1]
    if m == 0 or p == 0:
        return None if limits else Resolution(np.empty(0, int), 0.0)
    heaviest = np.sort(instance.cover.T @ instance.weights)[::-1][:p].sum()
    search = _Search(instance, p, limits, gap, time_limit, seed, float(min(heaviest, instance.weights.sum())))
    search.propose(np.asarray(start, int))
    large = m > GRANDE and not limits
    for stage in (search.price if large else search.relax, search.restrict, search.complete):
        if search.closed() or (large and search.left() == 0):
            break
        if not stage():
            return None
    if search.best is None:
        raise ErreurRecommandation(
            "aucun plan respectant les planchers n'a été trouvé dans le temps donné",
            conseil="allonger la limite de temps",
        )
    return Resolution(search.best, search.bound)


class _Search:
    """The state of one search: best plan met, best bound proved, time left. Each stage is False if infeasible."""

    def __init__(
        self, instance: Instance, p: int, limits, gap: float, time_limit: float | None, seed: int, bound: float
    ):
        self.instance, self.p, self.limits, self.gap, self.seed = instance, p, limits, gap, seed
        self.deadline = None if time_limit is None else time.perf_counter() + time_limit
        self.bound, self.best, self.value, self.used = bound, None, -1.0, np.empty(0, int)

    def left(self) -> float | None:
        return None if self.deadline is None else max(0.0, self.deadline - time.perf_counter())

    def closed(self) -> bool:
        return self.best is not None and self.bound - self.value <= self.gap * self.value

    def rows_covered(self, sites: np.ndarray) -> np.ndarray:
        return np.asarray(self.instance.cover[:, sites].sum(axis=1)).ravel() > 0

    def propose(self, sites: np.ndarray) -> None:
        """Keep `sites` if they satisfy the limits and cover more than the best plan so far."""
        weights, met = self.instance.weights, self.rows_covered(sites)
        value = float(weights[met].sum())
        if value > self.value and all(weights[rows] @ met[rows] >= need - 1e-6 for rows, need in self.limits):
            self.best, self.value = np.sort(sites), value

    def price(self) -> bool:
        """The volume bound; the columns that its fractional plan uses, and the best of them once interchanged."""
        left = self.left()
        found = volume(
            self.instance, self.p, max(self.value, 0.0), TOURS_DE_VOLUME, np.inf if left is None else left / 3
        )
        self.bound = min(self.bound, found.borne)
        self.used = np.flatnonzero(found.parts > PART_UTILE)
        first = np.argsort(-found.parts, kind="stable")[: self.p]
        self.propose(np.array(interchange(self.instance.cover, self.instance.weights, first.tolist()), int))
        return True

    def relax(self) -> bool:
        """Linear relaxation: its value is a bound, and its largest columns a plan once interchanged."""
        lp = _model(self.instance, self.p, self.limits, slacks=False)
        lp.integrality_ = []
        solver, status, kinds = _run(lp, self.gap, self.left(), self.seed)
        if status == kinds.kInfeasible:
            return False
        if status == kinds.kOptimal:
            self.bound = min(self.bound, solver.getInfo().objective_function_value)
            share = np.asarray(solver.getSolution().col_value[: self.instance.cover.shape[1]])
            self.used = np.flatnonzero(share > 1e-9)
            rounded = np.argsort(-share, kind="stable")[: self.p]
            self.propose(rounded)
            self.propose(np.array(interchange(self.instance.cover, self.instance.weights, rounded.tolist()), int))
        return True

    def restrict(self) -> bool:
        """The integer model on the columns that the relaxation or the best plan uses: plans, no bound."""
        columns = np.union1d(self.used, self.best) if self.best is not None else self.used
        if 0 < len(columns) < RESTREINT * self.instance.cover.shape[1]:
            left = self.left()
            share = left if left is None or self.instance.cover.shape[1] > GRANDE else left / 3
            self._integer(columns, share, self.gap / 2)
        return True

    def complete(self) -> bool:
        """The whole integer model, from the best plan met."""
        found = self._integer(np.arange(self.instance.cover.shape[1]), self.left(), self.gap)
        if found is not None and np.isfinite(found):
            self.bound = min(self.bound, found)
        return found is not None

    def _integer(self, columns: np.ndarray, time_limit: float | None, gap: float) -> float | None:
        """Solve on some columns and propose the plan found; gives the dual bound, None if infeasible."""
        whole = self.instance
        part = Instance(whole.cover[:, columns].tocsr(), whole.weights, whole.groups, columns)
        start = None
        if not self.limits:  # a limit names rows by their number, which merging would change
            part = reduce_instance(part)
            columns = part.columns
        if self.best is not None and np.isin(self.best, columns).all():
            here = np.isin(columns, self.best)
            start = np.concatenate([here, part.cover @ here.astype(float) > 0]).astype(float)
        lp = _model(part, self.p, self.limits, slacks=False)
        solver, status, kinds = _run(lp, gap, time_limit, self.seed, start)
        if status in (kinds.kInfeasible, kinds.kUnboundedOrInfeasible):
            return None
        if solver.getInfo().primal_solution_status == PRIMAL_FEASIBLE:
            chosen = np.asarray(solver.getSolution().col_value[: len(columns)]) > 0.5
            self.propose(columns[chosen])
        return solver.getInfo().mip_dual_bound


def smallest_shortfalls(instance: Instance, p: int, limits, seed: int, time_limit: float | None = None) -> list[float]:
    """What is lacking to each limit when the sum of lacks is the smallest; empty when the time told nothing."""
    lp = _model(instance, p, limits, slacks=True)
    solver, _, _ = _run(lp, 1e-6, 60 if time_limit is None else min(60, time_limit), seed)
    if solver.getInfo().primal_solution_status != PRIMAL_FEASIBLE:
        return []
    values = np.asarray(solver.getSolution().col_value)
    return values[len(values) - len(limits) :].tolist()
