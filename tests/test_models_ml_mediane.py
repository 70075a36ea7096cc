"""p-median, p-centre and facility location against enumeration, a plain integer model, and what must always hold."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import LinearConstraint, milp
from scipy.spatial.distance import cdist

from models_ml.bancs.mediane import FORMES, draw_graph
from models_ml.optimisation.centre import p_centre
from models_ml.optimisation.mediane import p_median
from models_ml.optimisation.ufl import localisation_simple
from pilotage.errors import ErreurRecommandation


def drawn(seed: int):
    """A small problem: whole or real costs, some pairs forbidden, some rows of weight 0, an open site now and then."""
    rng = np.random.default_rng(seed)
    n, m = rng.integers(2, 9), rng.integers(2, 8)
    costs = rng.integers(0, 20, (n, m)).astype(float) if seed % 2 else rng.random((n, m)) * 10
    if seed % 3 == 0:
        costs[rng.random((n, m)) < 0.3] = np.inf
    weights = rng.integers(0, 4, n).astype(float)
    weights[0] = 1
    existing = [int(rng.integers(0, m))] if seed % 4 == 0 else []
    return costs, weights, int(rng.integers(1, m)), existing, rng.integers(0, 15, m).astype(float)


def as_sparse(costs: np.ndarray) -> sparse.csr_matrix:
    rows, cols = np.nonzero(np.isfinite(costs))
    return sparse.csr_matrix((costs[rows, cols], (rows, cols)), costs.shape)


def paid(costs: np.ndarray, weights: np.ndarray, opened) -> np.ndarray:
    asked = weights > 0
    return weights[asked] * costs[asked][:, sorted(opened)].min(axis=1, initial=np.inf)


def enumerated(costs, sizes, existing, value) -> float:
    choices = (set(sites) for size in sizes for sites in combinations(range(costs.shape[1]), size))
    return min(value(sites | set(existing), sites - set(existing)) for sites in choices)


def agree(solve, expected: float, measure) -> None:
    if np.isinf(expected):
        with pytest.raises(ErreurRecommandation):
            solve()
        return
    plan = solve()
    assert plan.objectif == pytest.approx(expected, abs=1e-9) and plan.prouve
    assert plan.borne <= plan.objectif and 0 <= plan.ecart <= 1e-6
    assert measure(plan) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", range(60))
def test_enumeration_finds_no_better_plan(seed):
    costs, weights, p, existing, fixed = drawn(seed)
    given_costs = as_sparse(costs) if seed % 5 else costs
    asked = np.flatnonzero(weights > 0)

    def served(plan) -> np.ndarray:
        return weights[asked] * costs[asked, plan.affectation[asked]]

    sizes = range(p + 1)
    best = enumerated(costs, sizes, existing, lambda opened, new: paid(costs, weights, opened).sum())
    agree(lambda: p_median(given_costs, weights, p, existing, gap=1e-9), best, lambda plan: served(plan).sum())
    best = enumerated(costs, sizes, existing, lambda opened, new: paid(costs, weights, opened).max())
    agree(lambda: p_centre(given_costs, weights, p, existing), best, lambda plan: served(plan).max())
    ones = np.ones(len(costs))
    best = enumerated(
        costs,
        range(costs.shape[1] + 1),
        existing,
        lambda opened, new: paid(costs, ones, opened).sum() + fixed[sorted(new)].sum(),
    )
    agree(
        lambda: localisation_simple(given_costs, fixed, existing, gap=1e-9),
        best,
        lambda plan: costs[np.arange(len(costs)), plan.affectation].sum() + fixed[plan.sites].sum(),
    )


def plain_model(costs: np.ndarray, fixed: np.ndarray, p: int | None) -> float:
    """Optimum of the textbook model: x_ij ≤ y_j, each row served once, at most p sites."""
    n, m = costs.shape
    objective = np.concatenate([costs.ravel(), fixed])
    once = sparse.hstack([sparse.kron(sparse.eye(n), np.ones((1, m))), sparse.csr_matrix((n, m))])
    link = sparse.hstack([sparse.eye(n * m), -sparse.kron(np.ones((n, 1)), sparse.eye(m))])
    number = sparse.csr_matrix(np.concatenate([np.zeros(n * m), np.ones(m)]))
    constraints = [LinearConstraint(once, 1, 1), LinearConstraint(link, -np.inf, 0)]
    constraints += [LinearConstraint(number, 0, p)] if p else []
    whole = np.concatenate([np.zeros(n * m), np.ones(m)])
    found = milp(objective, constraints=constraints, integrality=whole, bounds=(0, 1), options={"mip_rel_gap": 1e-9})
    return float(found.fun)


@pytest.mark.parametrize("seed", range(3))
def test_a_plain_integer_model_agrees(seed):
    rng = np.random.default_rng(seed)
    points = rng.random((40, 2)) * 100
    costs, weights = cdist(points, points), rng.integers(1, 50, 40).astype(float)
    plan = p_median(costs, weights, 4 + seed, gap=1e-7)
    assert plan.prouve
    assert plan.objectif == pytest.approx(plain_model(costs * weights[:, None], np.zeros(40), 4 + seed), rel=1e-7)
    fixed = rng.uniform(500, 3000, 40)
    plan = localisation_simple(costs * weights[:, None], fixed, gap=1e-7)
    assert plan.objectif == pytest.approx(plain_model(costs * weights[:, None], fixed, None), rel=1e-7)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_labels_do_not_count_and_a_site_never_harms(seed):
    rng = np.random.default_rng(seed)
    costs, weights = rng.integers(0, 50, (14, 10)).astype(float), rng.integers(1, 9, 14).astype(float)
    rows, cols = rng.permutation(14), rng.permutation(10)
    fixed = rng.integers(1, 60, 10).astype(float)
    for solve in (
        lambda c, w, f, e: p_median(c, w, 3, e),
        lambda c, w, f, e: p_centre(c, w, 3, e),
        lambda c, w, f, e: localisation_simple(c * w[:, None], f, e),
    ):
        plan = solve(costs, weights, fixed, [])
        moved = solve(costs[rows][:, cols], weights[rows], fixed[cols], [])
        helped = solve(costs, weights, fixed, [int(cols[0])])
        assert plan.objectif == moved.objectif >= helped.objectif
        assert all(one.borne <= one.objectif for one in (plan, moved, helped))


def test_rows_that_nothing_serves_are_named():
    costs = sparse.csr_matrix(([1.0, 0.0], ([0, 2], [0, 1])), (4, 2))
    for solve in (
        lambda: p_median(costs, np.ones(4), 2),
        lambda: p_centre(costs, None, 2),
        lambda: localisation_simple(costs, np.ones(2)),
    ):
        with pytest.raises(ErreurRecommandation, match=r"2 ligne.*: 1, 3"):
            solve()
    idle = p_median(costs, np.array([1.0, 0, 1, 0]), 2)
    assert idle.objectif == 1 and idle.affectation.tolist() == [0, -1, 1, -1]


def test_too_few_sites_to_serve_all_is_told():
    costs = np.where(np.eye(5) > 0, 1.0, np.inf)
    for solve in (p_median, p_centre):
        with pytest.raises(ErreurRecommandation, match="ne suffisent pas"):
            solve(costs, np.ones(5), 4)
    assert p_median(costs, np.ones(5), 4, existing=[2]).objectif == 5


def test_meaningless_values_are_refused():
    for costs, weights in (([[np.nan]], [1.0]), ([[-1.0]], [1.0]), ([[1.0]], [-1.0]), ([[1.0]], [1.0, 2.0])):
        with pytest.raises(ValueError, match=r"expected|meaning"):
            p_median(np.array(costs), np.array(weights), 1)


def test_as_many_sites_as_asked_are_given():
    plan = p_median(np.zeros((3, 5)), np.ones(3), 4, existing=[0])
    assert plan.sites.tolist() == [1, 2, 3, 4] and plan.objectif == plan.borne == 0 and plan.prouve


@pytest.mark.parametrize(("n", "p"), [(100, 5), (200, 20), (300, 100)])
def test_graphs_of_the_published_shape_are_proven(n, p):
    costs = draw_graph(n, seed=n + p)
    plan = p_median(costs, np.ones(n), p)
    assert plan.prouve and plan.borne == plan.objectif == costs[:, plan.sites].min(axis=1).sum()
    assert len(plan.sites) == p and len(FORMES) == 40


def test_a_short_time_gives_an_unproven_plan_and_a_valid_bound():
    points = np.random.default_rng(4).random((400, 2))
    costs = cdist(points, points)
    short = p_median(costs, np.ones(400), 12, gap=0, time_limit=0.02)
    whole = p_median(costs, np.ones(400), 12, gap=1e-3, time_limit=20)
    assert not short.prouve and short.ecart > 0 and short.duree_s < 5
    assert short.borne <= whole.objectif <= short.objectif * (1 + 1e-9)


def test_the_same_seed_gives_the_same_plan():
    costs = draw_graph(150, seed=1)
    one, two = (p_median(costs, np.ones(150), 12, seed=3) for _ in range(2))
    assert one.sites.tobytes() == two.sites.tobytes() and (one.objectif, one.borne) == (two.objectif, two.borne)
    assert one.affectation.tobytes() == two.affectation.tobytes() and one.methode == two.methode
