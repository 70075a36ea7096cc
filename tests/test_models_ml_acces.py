"""Access measures against brute force on dense tables, and against PySAL `access` where it is installed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from models_ml.acces import (
    bfca,
    deux_sfca,
    e2sfca,
    gaussien_2sfca,
    kieme_plus_proche,
    opportunites_cumulees,
    plus_proche,
    trois_sfca,
)
from models_ml.raam import raam

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


def dense(pairs, n, m, weight) -> np.ndarray:
    """Weights as a dense matrix, 0 for what is no pair: the other way to write the same formulas."""
    table = np.zeros((n, m))
    for (i, j), cost in pairs.items():
        table[i, j] = weight(cost)
    return table


def zone(cost: float) -> float:
    return next((w for limit, w in zip(THRESHOLDS, WEIGHTS, strict=True) if cost <= limit), 0.0)


def ratio(above, below):
    return np.divide(above, below, out=np.zeros(np.broadcast(above, below).shape), where=np.asarray(below) > 0)


@given(instances())
@settings(deadline=None, max_examples=100)
def test_other_catchments_are_their_formulas(instance):
    demand, supply, pairs = (np.array(instance[0], float), np.array(instance[1], float), instance[2])
    n, m = len(demand), len(supply)
    travel, w = as_travel(pairs, n, m), dense(pairs, n, m, zone)
    choice = ratio(w, w.sum(axis=1, keepdims=True))
    three = (choice * w) @ ratio(supply, (choice * w).T @ demand)
    assert trois_sfca(demand, supply, travel) == pytest.approx(three, abs=1e-12)
    balanced = ratio(w, w.sum(axis=0, keepdims=True)) @ ratio(supply, choice.T @ demand)
    assert bfca(demand, supply, travel) == pytest.approx(balanced, abs=1e-12)
    near = dense(pairs, n, m, lambda cost: float(cost <= 20))
    assert opportunites_cumulees(supply, travel, 20) == pytest.approx(near @ supply)
    bell = dense(pairs, n, m, lambda c: (np.exp(-0.5 * (c / 25) ** 2) - np.exp(-0.5)) / (1 - np.exp(-0.5)) * (c <= 25))
    gaussian = bell @ ratio(supply, bell.T @ demand)
    assert gaussien_2sfca(demand, supply, travel, 25) == pytest.approx(gaussian, rel=1e-9, abs=1e-12)


@given(instances())
@settings(deadline=None, max_examples=60)
def test_what_is_given_is_what_is_received(instance):
    """2SFCA gives each unit of supply to somebody once; BFCA keeps the sum of the levels of service."""
    demand, supply, pairs = (np.array(instance[0], float), np.array(instance[1], float), instance[2])
    n, m = len(demand), len(supply)
    travel = as_travel(pairs, n, m)
    reached = dense(pairs, n, m, lambda cost: float(cost <= 20)).T @ demand > 0
    assert demand @ deux_sfca(demand, supply, travel, 20) == pytest.approx(supply[reached].sum())
    w = dense(pairs, n, m, zone)
    levels = ratio(supply, ratio(w, w.sum(axis=1, keepdims=True)).T @ demand)
    assert bfca(demand, supply, travel).sum() == pytest.approx(levels.sum())


@given(instances())
@settings(deadline=None, max_examples=60)
def test_people_of_raam_are_told_a_cost_where_a_site_is_within_reach(instance):
    demand, supply, pairs = instance
    if not any(demand) or not any(supply):
        return
    costs = raam(demand, supply, as_travel(pairs, len(demand), len(supply)), tau=30)
    near = {i for i, j in pairs if supply[j] > 0}
    assert set(np.flatnonzero(np.isfinite(costs))) == near


def test_raam_leaves_nobody_a_cheaper_site():
    """Two equal sites, one 0.1 further: 525 and 475 people at rest, at a cost of 525 / 500 wherever they go."""
    travel = as_travel({(0, 0): 0, (0, 1): 6}, 1, 2)
    cost = raam([1000], [1, 1], travel, tau=60, max_cycles=400)
    assert cost[0] == pytest.approx(1.05, rel=0.02)


def test_half_people_are_refused_by_raam():
    with pytest.raises(ValueError, match="whole"):
        raam([1.5], [1], as_travel({(0, 0): 1}, 1, 1))


@pytest.fixture(scope="module")
def real(mirror):
    """Communes and France Services of the mirror, at most 30 km apart: pairs, people, and PySAL's frames."""
    from models_ml.deplacements import commune_places, site_places, within_km
    from tests.miroir_recommandation import load_donnees_miroir

    access, pd = pytest.importorskip("access"), pytest.importorskip("pandas")
    donnees = load_donnees_miroir(mirror)
    communes, sites = commune_places(donnees.communes), donnees.sites
    where = donnees.commune_index(sites.code_commune)
    i, j, km = within_km(communes, site_places(sites.latitude, sites.longitude, where, communes), 30, 6371.0088)
    people = np.nan_to_num(donnees.communes.population.to_numpy())
    regions = donnees.communes.code_region.to_numpy()
    cost = pd.DataFrame({"origin": i, "dest": j, "cost": km})
    return access, cost, people, regions, len(sites)


def peer_of(access, cost, people, m):
    import pandas as pd

    return access.Access(
        demand_df=pd.DataFrame({"id": np.arange(len(people)), "people": people}), demand_index="id",
        demand_value="people", supply_df=pd.DataFrame({"id": np.arange(m), "places": np.ones(m)}), supply_index="id",
        supply_value="places", cost_df=cost.copy(), cost_origin="origin", cost_dest="dest", cost_name="cost",
    )  # fmt: skip


def csr_of(cost, n, m):
    pointers = np.concatenate([[0], np.cumsum(np.bincount(cost.origin, minlength=n))])
    return sparse.csr_matrix((cost.cost.to_numpy(), cost.dest.to_numpy(), pointers), shape=(n, m))


def test_equal_to_pysal_on_the_real_communes_and_france_services(real):
    access, cost, people, _, m = real
    peer, travel, ones = peer_of(access, cost, people, m), csr_of(cost, len(people), m), np.ones(m)
    step = access.weights.step_fn(dict(zip(THRESHOLDS, WEIGHTS, strict=True)))
    bell = lambda c: (np.exp(-0.5 * (c / 30) ** 2) - np.exp(-0.5)) / (1 - np.exp(-0.5))  # noqa: E731
    pairs = [
        (deux_sfca(people, ones, travel, 20), peer.two_stage_fca(name="a", cost="cost", max_cost=20)),
        (e2sfca(people, ones, travel), peer.enhanced_two_stage_fca(name="b", cost="cost", max_cost=30, weight_fn=step)),
        (
            gaussien_2sfca(people, ones, travel, 30),
            peer.enhanced_two_stage_fca(name="c", cost="cost", max_cost=30, weight_fn=bell),
        ),
        (trois_sfca(people, ones, travel), peer.three_stage_fca(name="d", cost="cost", max_cost=30, weight_fn=step)),
    ]
    for ours, frame in pairs:
        theirs = frame.filter(like="_places").iloc[:, -1].reindex(range(len(people))).fillna(0).to_numpy()
        finite = np.isfinite(theirs)  # the peer divides by zero around a site that nobody reaches
        assert finite.mean() > 0.99
        assert ours[finite] == pytest.approx(theirs[finite], rel=1e-9, abs=1e-18)


@pytest.mark.parametrize("region", ["53", "94"])
def test_raam_is_pysal_s_on_a_real_region(real, region):
    import pandas as pd
    from access.raam import raam as peer

    _, cost, people, regions, m = real
    inside = cost[(regions[cost.origin] == region) & (people[cost.origin] > 0)]
    served = np.unique(inside.dest)
    demand = np.where(regions == region, np.round(people), 0)
    supply = np.zeros(m)
    supply[served] = 1
    theirs = peer(
        pd.DataFrame({"id": np.arange(len(demand)), "people": demand.astype(int)}),
        pd.DataFrame({"id": np.arange(m), "places": supply}), inside.copy(), demand_index="id", demand_name="people",
        supply_index="id", supply_name="places", tau=20,
    )  # fmt: skip
    ours = raam(demand, supply, csr_of(inside, len(demand), m), tau=20)
    assert ours[theirs.index] == pytest.approx(theirs.to_numpy(), rel=1e-9)


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
