"""Coverage plans against all the choices there are, and against the plain integer model."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from models_ml.optimisation.heuristiques import covered_weight, greedy, interchange, rank_sites, settle_in_towns
from models_ml.optimisation.reductions import Instance, reduce_instance
from models_ml.plan import Plancher, couverture_maximale
from pilotage.errors import ErreurRecommandation


def best_of_all(cover, weights, p, existing=(), floors=()):
    """Best covered weight over every choice of at most p columns; None when no choice satisfies the floors."""
    dense = np.asarray(cover.todense()) > 0
    free = [j for j in range(dense.shape[1]) if j not in set(existing)]
    best = None
    for size in range(min(p, len(free)) + 1):
        for chosen in combinations(free, size):
            met = dense[:, [*existing, *chosen]].any(axis=1)
            held = all(
                weights[f.lignes][met[f.lignes]].sum() >= f.part * weights[f.lignes].sum() - 1e-9 for f in floors
            )
            if held:
                best = max(best or 0.0, float(weights[met].sum()))
    return best


def plain_mip(cover, weights, p):
    from scipy.optimize import Bounds, LinearConstraint, milp

    n, m = cover.shape
    link = sparse.hstack([-cover.astype(float), sparse.eye(n)])
    budget = sparse.csr_matrix(np.concatenate([np.ones(m), np.zeros(n)]))
    found = milp(
        -np.concatenate([np.zeros(m), weights]),
        constraints=[LinearConstraint(link, ub=np.zeros(n)), LinearConstraint(budget, ub=p)],
        bounds=Bounds(0, 1),
        integrality=np.concatenate([np.ones(m), np.zeros(n)]),
        options={"mip_rel_gap": 0},
    )
    return -found.fun


def random_instance(n, m, seed, density=0.25):
    rng = np.random.default_rng(seed)
    cover = sparse.csr_matrix((rng.random((n, m)) < density).astype(float))
    return cover, rng.integers(0, 50, n).astype(float)


def around(n, radius, seed):
    """Points of a square that cover each other within a radius, with log-normal weights."""
    rng = np.random.default_rng(seed)
    points = rng.random((n, 2))
    near = np.linalg.norm(points[:, None] - points[None], axis=2) <= radius
    return sparse.csr_matrix(near.astype(float)), np.round(rng.lognormal(6, 1.2, n))


@given(st.integers(0, 10_000), st.integers(1, 9), st.integers(1, 7), st.integers(0, 4), st.booleans())
@settings(deadline=None, max_examples=60)
def test_plan_is_the_best_of_all(seed, n, m, p, with_existing):
    cover, weights = random_instance(n, m, seed)
    existing = [seed % m] if with_existing else []
    plan = couverture_maximale(cover, weights, p, existing, gap=0)
    assert plan.objectif == pytest.approx(best_of_all(cover, weights, p, existing))
    assert len(plan.sites) <= p
    assert not set(plan.sites) & set(existing)
    assert plan.objectif == pytest.approx(covered_weight(cover, weights, [*plan.sites, *existing]))
    assert plan.prouve and plan.borne >= plan.objectif >= 0 and plan.ecart >= 0


@pytest.mark.parametrize("seed", range(4))
def test_plan_is_that_of_the_plain_model(seed):
    cover, weights = around(150, 0.12, seed)
    plan = couverture_maximale(cover, weights, 8, gap=1e-9)
    assert plan.objectif == pytest.approx(plain_mip(cover, weights, 8), rel=1e-9)
    assert plan.prouve


@given(st.integers(0, 10_000), st.floats(0.1, 1.0))
@settings(deadline=None, max_examples=60)
def test_floors_hold_or_are_refused(seed, part):
    cover, weights = random_instance(8, 6, seed)
    floors = [Plancher("nord", np.array([0, 1, 2]), part), Plancher("sud", np.array([2, 5, 6, 7]), part)]
    truth = best_of_all(cover, weights, 2, floors=floors)
    if truth is None:
        with pytest.raises(ErreurRecommandation, match=r"nord|sud"):
            couverture_maximale(cover, weights, 2, floors=floors, gap=0)
        return
    plan = couverture_maximale(cover, weights, 2, floors=floors, gap=0)
    assert plan.objectif == pytest.approx(truth)


def test_impossible_floor_is_named_with_what_lacks():
    cover = sparse.csr_matrix(np.eye(3))
    floors = [Plancher("la vallée", np.array([0, 1]), 1.0), Plancher("le plateau", np.array([2]), 0.5)]
    with pytest.raises(ErreurRecommandation, match=r"« la vallée » : il manque 10") as caught:
        couverture_maximale(cover, np.array([10.0, 20, 30]), 1, floors=floors)
    assert "plateau" not in str(caught.value)


def test_floors_possible_alone_but_not_together_say_so():
    cover = sparse.csr_matrix(np.eye(2))
    floors = [Plancher("est", np.array([0]), 1.0), Plancher("ouest", np.array([1]), 1.0)]
    with pytest.raises(ErreurRecommandation, match="pas tous ensemble"):
        couverture_maximale(cover, np.array([5.0, 5.0]), 1, floors=floors)


def test_same_input_and_seed_same_plan_byte_for_byte():
    cover, weights = around(300, 0.07, 1)
    first, second = (couverture_maximale(cover, weights, 20, seed=7) for _ in range(2))
    assert first.sites.tobytes() == second.sites.tobytes()
    assert (first.objectif, first.borne, first.ecart) == (second.objectif, second.borne, second.ecart)


def test_stopped_search_keeps_a_valid_bound_and_is_not_called_solved():
    cover, weights = around(900, 0.05, 2)
    stopped = couverture_maximale(cover, weights, 60, gap=0, time_limit=0)
    proved = couverture_maximale(cover, weights, 60, gap=1e-3)
    assert not stopped.prouve and stopped.ecart > 0
    assert stopped.borne >= proved.objectif - 1e-6 and proved.borne >= stopped.objectif - 1e-6
    assert len(stopped.sites) <= 60


@given(st.integers(0, 10_000), st.integers(1, 4))
@settings(deadline=None, max_examples=60)
def test_more_sites_never_cover_less(seed, p):
    cover, weights = random_instance(8, 6, seed)
    fewer, more = (couverture_maximale(cover, weights, k, gap=0).objectif for k in (p, p + 1))
    assert more >= fewer - 1e-9


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=60)
def test_reductions_keep_the_optimum(seed):
    cover, weights = random_instance(9, 8, seed)
    whole = Instance(cover, weights, np.zeros(9, int), np.arange(8))
    small = reduce_instance(whole)
    assert small.cover.shape[1] <= 8
    assert best_of_all(small.cover, small.weights, 3) == pytest.approx(best_of_all(cover, weights, 3))


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=60)
def test_interchange_never_loses_and_towns_neither(seed):
    cover, weights = random_instance(12, 9, seed)
    start = greedy(cover, weights, 3)
    better = interchange(cover, weights, start)
    assert covered_weight(cover, weights, better) >= covered_weight(cover, weights, start)
    moved = settle_in_towns(cover, weights, [], better, np.random.default_rng(seed).random(9))
    assert covered_weight(cover, weights, moved) >= covered_weight(cover, weights, better) - 1e-9
    assert len(set(moved)) == len(better)
    ranked = rank_sites(cover, weights, [], moved)
    assert sum(gain for _, gain in ranked) == pytest.approx(covered_weight(cover, weights, moved))


@pytest.mark.parametrize(("weights", "p"), [([np.nan, 1], 1), ([-1, 1], 1), ([1, 1, 1], 1), ([1, 1], -1)])
def test_bad_input_is_refused(weights, p):
    with pytest.raises(ValueError):
        couverture_maximale(sparse.csr_matrix(np.eye(2)), np.array(weights, float), p)


def test_nothing_to_cover_is_a_proved_empty_plan():
    plan = couverture_maximale(sparse.csr_matrix((2, 3)), np.array([1.0, 2.0]), 2)
    assert (len(plan.sites), plan.objectif, plan.borne, plan.prouve) == (0, 0.0, 0.0, True)
