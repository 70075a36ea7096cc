"""The planner's what-if: the frontier of further sites against enumeration, closings against the whole computation."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from models_ml.calcul import compute
from models_ml.contexte import Contexte
from models_ml.fermeture import close
from models_ml.frontieres import grow
from models_ml.services import load_service
from tests.territoire_fictif import build_donnees


def covered(cover: np.ndarray, weights: np.ndarray, sites) -> float:
    return float(weights[cover[:, list(sites)].any(axis=1)].sum()) if len(sites) else 0.0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 9), st.integers(2, 7))
def test_frontier_is_nested_and_bounded_by_the_best_plan_of_each_size(seed: int, r: int, c: int) -> None:
    random = np.random.default_rng(seed)
    cover, weights = random.random((r, c)) < 0.4, random.integers(1, 1000, r).astype(float)
    order, bound = grow(sparse.csr_matrix(cover.astype(float)), weights, random.integers(1, 99, c).astype(float), c)
    chosen = [site for site, _ in order]
    assert len(set(chosen)) == len(chosen)
    for k in range(1, len(order) + 1):
        reached = covered(cover, weights, chosen[:k])
        assert reached == pytest.approx(sum(gain for _, gain in order[:k]))
        best = max(covered(cover, weights, plan) for plan in combinations(range(c), k))
        assert reached <= best + 1e-9 <= bound[k - 1] + 2e-9
        assert reached >= (1 - 1 / np.e) * best - 1e-9
    assert covered(cover, weights, chosen) == covered(cover, weights, range(c))
    gains = [gain for _, gain in order]
    assert gains == sorted(gains, reverse=True) and all(gain > 0 for gain in gains)


def test_equal_gains_go_to_the_larger_town() -> None:
    order, _ = grow(sparse.csr_matrix(np.ones((2, 3))), np.ones(2), np.array([5.0, 9.0, 9.0]), 3)
    assert order == [(1, 2.0)]


@pytest.fixture(scope="module")
def country():
    return build_donnees()


def test_each_closing_equals_the_whole_network_computed_without_it(country) -> None:
    service = load_service("france_services")
    result = compute(country, service.code, Contexte.build(country))
    assert len(result.fermetures)
    for row in result.fermetures.head(6).itertuples():
        after = close(country, service, row.id_offre)
        assert row.population_au_dela == round(after.au_dela)
        assert after.touchees.population.fillna(0).sum() <= row.population_rattachee + 0.5


def test_frontier_of_france_starts_from_the_network_and_every_level_is_there(country) -> None:
    result = compute(country, "france_services", Contexte.build(country))
    france = result.frontieres[result.frontieres.cle_territoire == "france:FR"]
    first = france.iloc[0]
    assert first.population_couverte - first.population_gagnee == pytest.approx(
        result.plans["central"].couverte_avant, abs=1
    )
    levels = set(result.frontieres.cle_territoire.str.partition(":")[0])
    assert {"france", "departement", "region"} <= levels
    local = result.frontieres[result.frontieres.cle_territoire.str.startswith("departement")]
    inside = country.communes.set_index("code_commune").code_departement
    assert (local.cle_territoire == "departement:" + local.code_commune.map(inside)).all()
