"""Budgets, the worst-off first, equal distances, frontiers: each against all the plans there are."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_ml.plan import couverture_budget, couverture_maximale, frontiere, kolm_pollak, maximin
from pilotage.errors import ErreurRecommandation


def draw(seed: int, n: int = 9, m: int = 7):
    rng = np.random.default_rng(seed)
    return (rng.random((n, m)) < 0.35).astype(int), rng.integers(1, 40, n).astype(float), rng


def subsets(m: int, most: int | None = None):
    for k in range((m if most is None else most) + 1):
        yield from (list(one) for one in combinations(range(m), k))


def covered(cover, sites) -> np.ndarray:
    return cover[:, sites].sum(axis=1) > 0


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=25)
def test_a_budget_buys_the_best_of_what_it_can_pay(seed):
    cover, weights, rng = draw(seed)
    costs, groups = rng.integers(1, 9, 7).astype(float), np.array([0, 0, 1, 1, 2, 3, 3])
    plan = couverture_budget(cover, weights, costs, 12, groups=groups, gap=0)
    best = max(
        weights[covered(cover, s)].sum() for s in subsets(7) if costs[s].sum() <= 12 and len(set(groups[s])) == len(s)
    )
    assert plan.objectif == pytest.approx(best) and plan.prouve and costs[plan.sites].sum() <= 12
    assert len(set(groups[plan.sites])) == len(plan.sites)
    kept = couverture_budget(cover, weights, costs, 12, existing=[0], gap=0)
    assert kept.objectif >= couverture_budget(cover, weights, costs, 12, gap=0).objectif - 1e-9
    assert 0 not in kept.sites


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=25)
def test_the_worst_off_group_is_served_best_then_the_most_people(seed):
    cover, weights, _ = draw(seed)
    groups = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2])

    def worth(sites):
        met = covered(cover, sites)
        return min(weights[(groups == g) & met].sum() / weights[groups == g].sum() for g in range(3)), weights[
            met
        ].sum()

    found = maximin(cover, weights, groups, 2, gap=0)
    share, people = max((round(a, 9), b) for a, b in map(worth, subsets(7, 2)))
    assert found.part == pytest.approx(share) and found.plan.objectif == pytest.approx(people)
    assert found.part_borne >= found.part - 1e-9 and len(found.plan.sites) <= 2


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=25)
def test_kolm_pollak_is_the_least_equivalent_of_all_plans(seed):
    rng = np.random.default_rng(seed)
    costs, weights, aversion = rng.uniform(1, 30, (8, 6)), rng.integers(1, 20, 8).astype(float), 0.15
    plan = kolm_pollak(costs, weights, 2, aversion, gap=1e-9)

    def equivalent(sites):
        near = costs[:, sites].min(axis=1)
        return np.log((weights * np.exp(aversion * near)).sum() / weights.sum()) / aversion

    best = min(equivalent(list(s)) for s in combinations(range(6), 2))
    assert plan.objectif == pytest.approx(best) and plan.borne <= plan.objectif + 1e-9
    mean = np.average(costs[:, list(plan.sites)].min(axis=1), weights=weights)
    assert mean - 1e-9 <= plan.objectif <= costs[:, list(plan.sites)].min(axis=1).max() + 1e-9


def test_a_frontier_rises_and_each_of_its_plans_is_the_best():
    cover, weights, _ = draw(4)
    plans = frontiere(cover, weights, [3, 1, 2, 5], gap=0)
    values = [plan.objectif for plan in plans]
    assert values == sorted(values) and all(plan.prouve for plan in plans)
    assert values == [couverture_maximale(cover, weights, p, gap=0).objectif for p in (1, 2, 3, 5)]


def test_wrong_values_are_refused():
    cover, weights, _ = draw(1)
    with pytest.raises(ValueError, match="costs and budget"):
        couverture_budget(cover, weights, np.full(7, np.nan), 3)
    with pytest.raises(ValueError, match="aversion"):
        kolm_pollak(np.ones((2, 2)), [1, 1], 1, 0)
    with pytest.raises(ValueError, match="rows"):
        maximin(cover, weights[:-1], np.zeros(8), 1)


def test_more_than_one_action_a_place_already_open_is_impossible_and_said():
    cover, weights, _ = draw(2)
    with pytest.raises(ErreurRecommandation, match="deux actions déjà ouvertes"):
        couverture_budget(cover, weights, np.ones(7), 3, existing=[0, 1], groups=np.zeros(7))


def test_far_costs_do_not_overflow_and_nobody_is_refused():
    costs = np.array([[4900.0, 5000.0], [5000.0, 4900.0], [4950.0, 4920.0]])
    plan = kolm_pollak(costs, [1.0, 1.0, 1.0], 1, 1.0)
    assert plan.objectif == pytest.approx(5000 - np.log(3), abs=1e-6) and plan.borne <= plan.objectif
    with pytest.raises(ValueError, match="somebody"):
        kolm_pollak(costs, np.zeros(3), 1, 1.0)
    with pytest.raises(ValueError, match="somebody"):
        maximin(np.ones((2, 2)), [0.0, 0.0], [0, 1], 1)
    with pytest.raises(ValueError, match="negative"):
        maximin(np.ones((2, 2)), [1.0, 1.0], [0, 1], -1)


def test_no_time_is_a_limit_and_not_the_lack_of_one():
    rng = np.random.default_rng(0)
    cover, weights = rng.random((300, 200)) < 0.03, rng.integers(1, 40, 300).astype(float)
    plan = couverture_budget(cover, weights, rng.uniform(1, 9, 200), 60, existing=[3], gap=0, time_limit=0)
    assert plan.objectif >= weights[cover[:, 3]].sum() and plan.borne >= plan.objectif and not plan.prouve


@pytest.mark.parametrize("wide", [1e2, 1e3, 1e5])
def test_a_dear_pair_never_hides_the_choice_between_the_others(wide):
    """Whatever the dearest cost is, the plan is that of the pairs that matter, and its value is true."""
    costs = np.array([[900.0, 100.0, 100.0 + wide], [880.0, 120.0, 100.0 + wide]])
    plan = kolm_pollak(costs, [1.0, 3.0], 1, 1.0)
    assert plan.sites.tolist() == [1] and plan.prouve
    assert plan.objectif == pytest.approx(np.log((np.exp(100.0) + 3 * np.exp(120.0)) / 4), rel=1e-9)
    assert 0 < plan.borne <= plan.objectif


def test_an_aversion_beyond_the_costs_is_said():
    costs = np.array([[0.0, 5000.0], [5000.0, 0.0]])
    with pytest.raises(ErreurRecommandation, match="aversion"):
        kolm_pollak(costs, [1.0, 1.0], 1, 1.0)
