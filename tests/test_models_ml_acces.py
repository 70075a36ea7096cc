"""Access measures against brute force on dense tables, and against PySAL `access` where it is installed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from models_ml.acces import deux_sfca, e2sfca, kieme_plus_proche, plus_proche

THRESHOLDS, WEIGHTS = (10, 20, 30), (1, 0.68, 0.22)


def brute_force(demand, supply, pairs, thresholds, weights):
    """Luo & Qi 2009, by the book: two loops, no matrix. pairs: {(i, j): cost}."""

    def weight(cost):
        return next((w for limit, w in zip(thresholds, weights, strict=True) if cost <= limit), 0.0)

    ratio = []
    for j, capacity in enumerate(supply):
        people = sum(demand[i] * weight(pairs[i, k]) for i, k in pairs if k == j)
        ratio.append(capacity / people if people > 0 else 0.0)
    return [sum(ratio[j] * weight(pairs[i, j]) for k, j in pairs if k == i) for i in range(len(demand))]


def as_travel(pairs, n, m):
    """csr that keeps explicit zeros."""
    if not pairs:
        return sparse.csr_matrix((n, m))
    (rows, columns), data = zip(*pairs, strict=True), list(pairs.values())
    order = np.lexsort((columns, rows))
    rows, columns, data = np.array(rows)[order], np.array(columns)[order], np.array(data, float)[order]
    pointers = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=n))])
    return sparse.csr_matrix((data, columns, pointers), shape=(n, m))


@st.composite
def instances(draw, n_max=7, m_max=5):
    n, m = draw(st.integers(1, n_max)), draw(st.integers(1, m_max))
    demand = draw(st.lists(st.integers(0, 500), min_size=n, max_size=n))
    supply = draw(st.lists(st.integers(0, 9), min_size=m, max_size=m))
    cells = draw(
        st.dictionaries(
            st.tuples(st.integers(0, n - 1), st.integers(0, m - 1)), st.sampled_from([0, 5, 10, 11, 20, 25, 30, 31, 99])
        )
    )
    return demand, supply, cells


@given(instances())
@settings(deadline=None, max_examples=150)
def test_e2sfca_is_the_formula(instance):
    demand, supply, pairs = instance
    got = e2sfca(demand, supply, as_travel(pairs, len(demand), len(supply)))
    assert got == pytest.approx(brute_force(demand, supply, pairs, THRESHOLDS, WEIGHTS), rel=1e-12, abs=1e-15)


@given(instances(), st.sampled_from([0, 10, 20, 30]))
@settings(deadline=None, max_examples=60)
def test_deux_sfca_is_the_formula(instance, threshold):
    demand, supply, pairs = instance
    got = deux_sfca(demand, supply, as_travel(pairs, len(demand), len(supply)), threshold)
    assert got == pytest.approx(brute_force(demand, supply, pairs, (threshold,), (1.0,)), rel=1e-12, abs=1e-15)


@given(instances(), st.data())
@settings(deadline=None, max_examples=100)
def test_a_site_more_never_lowers_anybodys_access(instance, data):
    demand, supply, pairs = instance
    n, m = len(demand), len(supply)
    before = e2sfca(demand, supply, as_travel(pairs, n, m))
    near = data.draw(st.dictionaries(st.integers(0, n - 1), st.sampled_from([0, 9, 19, 29])))
    more = {**pairs, **{(i, m): cost for i, cost in near.items()}}
    after = e2sfca(demand, [*supply, data.draw(st.integers(0, 9))], as_travel(more, n, m + 1))
    assert (after >= before - 1e-12).all()


@given(instances())
@settings(deadline=None, max_examples=60)
def test_relabelling_communes_changes_nothing(instance):
    demand, supply, pairs = instance
    n = len(demand)
    turned = {(n - 1 - i, j): cost for (i, j), cost in pairs.items()}
    straight = e2sfca(demand, supply, as_travel(pairs, n, len(supply)))
    assert e2sfca(demand[::-1], supply, as_travel(turned, n, len(supply)))[::-1] == pytest.approx(straight, abs=1e-12)


def test_everything_supplied_is_received():
    travel = as_travel({(0, 0): 0, (1, 0): 12, (1, 1): 5, (2, 1): 25}, 3, 2)
    demand = np.array([100.0, 50, 10])
    assert demand @ e2sfca(demand, [2, 3], travel) == pytest.approx(5)


def test_explicit_zero_is_a_trip_and_absence_is_not():
    assert e2sfca([10], [1], as_travel({(0, 0): 0}, 1, 1)) == pytest.approx([0.1])
    assert e2sfca([10], [1], as_travel({}, 1, 1)) == pytest.approx([0])


@pytest.mark.parametrize(
    ("demand", "supply", "cost"), [([np.nan], [1], 5), ([1], [-1], 5), ([1], [1], np.inf), ([1, 2], [1], 5)]
)
def test_missing_or_negative_is_refused(demand, supply, cost):
    with pytest.raises(ValueError):
        e2sfca(demand, supply, as_travel({(0, 0): cost}, 1, 1))


def test_dense_table_is_refused():
    with pytest.raises(TypeError, match="sparse"):
        e2sfca([1], [1], np.zeros((1, 1)))


@given(instances(), st.integers(1, 4))
@settings(deadline=None, max_examples=80)
def test_kth_nearest_is_the_sorted_one(instance, k):
    demand, supply, pairs = instance
    where, cost = kieme_plus_proche(as_travel(pairs, len(demand), len(supply)), k)
    for i in range(len(demand)):
        mine = sorted((c, j) for (row, j), c in pairs.items() if row == i)
        if len(mine) < k:
            assert where[i] == -1 and np.isnan(cost[i])
        else:
            assert (cost[i], where[i]) == mine[k - 1]


def test_nearest_is_the_first_nearest():
    travel = as_travel({(0, 0): 7, (0, 1): 3, (1, 0): 4}, 3, 2)
    where, cost = plus_proche(travel)
    assert where.tolist() == [1, 0, -1]
    assert cost[:2].tolist() == [3, 4]


def test_equal_to_pysal_access():
    access = pytest.importorskip("access", reason="PySAL `access` is an optional peer: not installed here")
    import pandas as pd

    rng = np.random.default_rng(5)
    n, m = 60, 12
    pairs = {(i, j): float(rng.integers(0, 40)) for i in range(n) for j in range(m) if rng.random() < 0.4}
    demand, supply = rng.integers(1, 900, n), rng.integers(1, 5, m)
    cost = pd.DataFrame([(i, j, c) for (i, j), c in pairs.items()], columns=["origin", "dest", "cost"])
    peer = access.Access(
        demand_df=pd.DataFrame({"id": range(n), "people": demand}),
        demand_index="id",
        demand_value="people",
        supply_df=pd.DataFrame({"id": range(m), "places": supply}),
        supply_index="id",
        supply_value="places",
        cost_df=cost,
        cost_origin="origin",
        cost_dest="dest",
        cost_name="cost",
    )
    step = access.weights.step_fn(dict(zip(THRESHOLDS, WEIGHTS, strict=True)))
    theirs = peer.enhanced_two_stage_fca(name="e", cost="cost", max_cost=30, weight_fn=step)
    column = theirs.filter(like="e_").iloc[:, 0].reindex(range(n)).fillna(0)
    assert e2sfca(demand, supply, as_travel(pairs, n, m)) == pytest.approx(column.to_numpy(), rel=1e-9, abs=1e-15)
