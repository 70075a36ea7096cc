"""Capacitated plans against enumeration and a plain model: capacities, single source, bounds, what is impossible."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from models_ml.optimisation.capacite_borne import Borne, Grille, filled, knapsacks
from models_ml.plan import capacite
from pilotage.errors import ErreurRecommandation


def instance(seed: int, n: int, m: int, whole: bool = True):
    rng = np.random.default_rng(seed)
    here, there = rng.integers(1, 60, (n, 2)), rng.integers(1, 60, (m, 2))
    costs = np.hypot(*(here[:, None] - there[None]).transpose(2, 0, 1))
    return np.floor(costs) if whole else costs, rng.integers(1, 9, n).astype(float)


def enumerate_best(costs, weights, capacities, p, opening=None) -> float:
    """Every choice of sites, every assignment."""
    n, m = costs.shape
    opening, best = np.zeros(m) if opening is None else opening, np.inf
    for k in range(1, p + 1):
        for sites in combinations(range(m), k):
            for by in product(sites, repeat=n):
                load = np.bincount(by, weights=weights, minlength=m)
                if (load <= capacities + 1e-9).all():
                    used = list(set(by))
                    best = min(best, costs[np.arange(n), list(by)].sum() + opening[used].sum())
    return best


def plain_model(costs, weights, capacities, p) -> float:
    """The textbook model given whole to SciPy: nothing of ours."""
    n, m = costs.shape
    pairs = np.arange(n * m)
    rows, columns = pairs // m, pairs % m
    serve = sparse.csr_matrix((np.ones(n * m), (rows, pairs)), (n, n * m + m))
    hold = sparse.csr_matrix((weights[rows], (columns, pairs)), (m, n * m + m)) - sparse.csr_matrix(
        (capacities, (np.arange(m), n * m + np.arange(m))), (m, n * m + m)
    )
    count = sparse.csr_matrix((np.ones(m), (np.zeros(m, int), n * m + np.arange(m))), (1, n * m + m))
    done = milp(
        np.concatenate([costs.ravel(), np.zeros(m)]), integrality=np.ones(n * m + m), bounds=Bounds(0, 1),
        constraints=[LinearConstraint(serve, 1, 1), LinearConstraint(hold, -np.inf, 0), LinearConstraint(count, 0, p)],
        options={"mip_rel_gap": 0},
    )  # fmt: skip
    return done.fun


def check(plan, costs, weights, capacities, p) -> None:
    """What every plan must be."""
    load = np.bincount(plan.affectation, weights=weights, minlength=costs.shape[1])
    assert (load <= capacities + 1e-6).all()
    assert len(plan.sites) <= p and set(plan.affectation) <= set(plan.sites)
    assert plan.objectif == pytest.approx(costs[np.arange(len(weights)), plan.affectation].sum())
    assert plan.borne <= plan.objectif + 1e-6 and plan.ecart >= 0


@pytest.mark.parametrize("seed", range(12))
def test_small_plans_are_the_best_of_all(seed):
    costs, weights = instance(seed, 6, 4)
    capacities = np.full(4, np.ceil(weights.sum() / 2) + 2)
    plan = capacite(costs, weights, capacities, 2, gap=0)
    check(plan, costs, weights, capacities, 2)
    assert plan.prouve and plan.objectif == enumerate_best(costs, weights, capacities, 2)


@pytest.mark.parametrize("seed", range(4))
def test_opening_costs_choose_the_number_of_sites(seed):
    costs, weights = instance(seed, 5, 4)
    capacities, opening = np.full(4, weights.sum() / 2 + 4), np.array([20.0, 35, 10, 25])
    plan = capacite(costs, weights, capacities, None, fixed_costs=opening, gap=0)
    assert plan.prouve and plan.objectif == enumerate_best(costs, weights, capacities, 4, opening)


@pytest.mark.parametrize(("seed", "whole"), [(1, True), (2, False), (3, True)])
def test_larger_plans_are_those_of_a_plain_model(seed, whole):
    costs, weights = instance(seed, 24, 24, whole)
    capacities = np.full(24, np.ceil(weights.sum() / 4 / 0.9))
    plan = capacite(costs, weights, capacities, 4, gap=0, time_limit=120)
    check(plan, costs, weights, capacities, 4)
    assert plan.prouve and plan.objectif == pytest.approx(plain_model(costs, weights, capacities, 4), rel=1e-6)


def test_the_same_input_gives_the_same_plan():
    costs, weights = instance(5, 30, 30)
    one, two = (capacite(costs, weights, 40.0, 5, seed=3) for _ in range(2))
    assert np.array_equal(one.sites, two.sites) and np.array_equal(one.affectation, two.affectation)
    assert (one.objectif, one.borne) == (two.objectif, two.borne)


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=15)
def test_names_do_not_matter_and_more_room_never_costs_more(seed):
    costs, weights = instance(seed, 8, 5)
    capacities = np.full(5, np.ceil(weights.sum() / 2) + 4)
    plan = capacite(costs, weights, capacities, 2, gap=0)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(8), rng.permutation(5)
    turned = capacite(costs[rows][:, columns], weights[rows], capacities[columns], 2, gap=0)
    assert turned.objectif == plan.objectif
    assert capacite(costs, weights, capacities + 5, 2, gap=0).objectif <= plan.objectif
    split = capacite(costs, weights, capacities, 2, single_source=False, gap=0)
    assert split.objectif <= plan.objectif + 1e-6


def test_a_site_that_is_already_open_is_free():
    costs, weights = instance(9, 10, 6)
    capacities = np.full(6, weights.sum())
    alone = capacite(costs, weights, capacities, 1, gap=0)
    beside = capacite(costs, weights, capacities, 1, existing=[int(alone.sites[0])], gap=0)
    assert beside.objectif <= alone.objectif and alone.sites[0] not in beside.sites


def test_absent_pairs_are_forbidden_and_written_zeros_are_not():
    costs = sparse.csr_matrix((np.array([0.0, 5.0, 7.0]), ([0, 0, 1], [0, 1, 1])), shape=(2, 2))
    plan = capacite(costs, [1.0, 1.0], [2.0, 2.0], 2)
    assert plan.affectation.tolist() == [0, 1] and plan.objectif == 7
    assert capacite(costs, [1.0, 1.0], [2.0, 2.0], 1).affectation.tolist() == [1, 1]


def test_what_is_impossible_is_said():
    costs, weights = instance(1, 6, 3)
    with pytest.raises(ErreurRecommandation, match="pèse"):
        capacite(costs, [50.0, *weights[1:]], 10.0, 3)
    with pytest.raises(ErreurRecommandation, match="inférieure à la demande de"):
        capacite(costs, np.full(6, 5.0), 10.0, 2)
    with pytest.raises(ErreurRecommandation, match="ne tient les capacités"):
        capacite(costs[:3], np.full(3, 6.0), 10.0, 2)
    with pytest.raises(ValueError, match="missing"):
        capacite(np.full((2, 2), np.nan), [1.0, 1.0], 5.0, 1)


def test_a_stopped_search_is_not_called_proven():
    costs, weights = instance(11, 120, 120, whole=False)
    plan = capacite(costs, weights, np.ceil(weights.sum() / 10 / 0.97), 10, gap=0, time_limit=2)
    assert not plan.prouve and 0 < plan.borne < plan.objectif


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=30)
def test_knapsacks_are_the_best_of_all_subsets(seed):
    rng = np.random.default_rng(seed)
    gains, weights = rng.normal(3, 4, (6, 2)), rng.integers(0, 6, 6).astype(float)
    grid = Grille.build(weights, np.array([9.0, 5.0]))
    tables = knapsacks(gains, grid)
    inside = filled(gains, grid, np.arange(2))
    for j in range(2):
        subsets = [np.array(one, bool) for one in product([0, 1], repeat=6)]
        best = max(gains[s, j].sum() for s in subsets if weights[s].sum() <= grid.capacity[j])
        assert tables[j, grid.capacity[j]] == pytest.approx(best)
        assert gains[inside[:, j], j].sum() == pytest.approx(best) and weights[inside[:, j]].sum() <= grid.capacity[j]


@pytest.mark.parametrize("seed", range(6))
def test_a_pair_that_is_ruled_out_is_in_no_better_plan(seed):
    costs, weights = instance(seed, 6, 4)
    capacities = np.full(4, np.ceil(weights.sum() / 2) + 2)
    best = enumerate_best(costs, weights, capacities, 2)
    bound = Borne(costs, Grille.build(weights, capacities), 2, np.zeros(4), np.zeros(4, bool))
    bound.climb(best, 5, 60)
    assert bound.valeur <= best + 1e-6
    for i, j in zip(*np.nonzero(~bound.possible(best)), strict=True):
        without = costs.copy()
        without[i] = np.inf
        without[i, j] = costs[i, j]
        assert enumerate_best(without, weights, capacities, 2) >= best
