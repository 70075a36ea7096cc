"""Travel: distances on the sphere, minutes by declared speeds, islands, oceans and missing positions."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_ml.deplacements import commune_places, nearest_beyond, site_places, travel_table, within_km
from models_ml.parametres import load_deplacements

P = load_deplacements()


def communes(rows: list[tuple]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["code_commune", "latitude", "longitude", "niveau_densite"])
    return frame.astype({"latitude": float, "longitude": float, "niveau_densite": float})


def haversine(a, b):
    lat1, lon1, lat2, lon2 = np.radians([*a, *b])
    h = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    return 2 * P.rayon_terre_km * np.arcsin(np.sqrt(h))


points = st.tuples(st.floats(-60, 60), st.floats(-179.9, 179.9))


@given(st.lists(points, min_size=1, max_size=8), st.floats(1, 5000))
@settings(deadline=None, max_examples=60)
def test_pairs_within_a_radius_are_those_of_the_haversine_formula(where, radius):
    places = commune_places(communes([(f"c{k}", *p, 6) for k, p in enumerate(where)]))
    i, j, km = within_km(places, places, radius, P.rayon_terre_km)
    got = {(a, b): d for a, b, d in zip(i, j, km, strict=True)}
    for a, first in enumerate(where):
        for b, second in enumerate(where):
            distance = haversine(first, second)
            if abs(distance - radius) > 1e-6:
                assert ((a, b) in got) == (distance < radius)
            if (a, b) in got:
                assert got[a, b] == pytest.approx(distance, abs=1e-4)


def test_minutes_are_distance_detour_and_both_speeds():
    frame = communes([("a", 45, 2, 1), ("b", 45.05, 2, 6)])
    places = commune_places(frame)
    table = travel_table(places, places, 60, np.array([10.0, 10.0]))
    km = haversine((45, 2), (45.05, 2))
    expected = km * P.detour.valeur * 30 * (1 / P.vitesses_kmh[1] + 1 / P.vitesses_kmh[6])
    assert table[0, 1] == pytest.approx(expected)
    assert table[0, 1] == pytest.approx(table[1, 0])


@pytest.mark.parametrize(("area", "sites", "km"), [(16, 1, 2.0), (16, 4, 1.0), (10_000, 1, P.interne.plafond_km)])
def test_within_a_commune_half_the_root_of_the_area_by_site(area, sites, km):
    origins = commune_places(communes([("a", 45, 2, 6)]))
    targets = site_places([45.01] * sites, [2.0] * sites, np.zeros(sites, int), origins)
    table = travel_table(origins, targets, 60, np.array([float(area)]))
    assert table.data == pytest.approx(km * P.detour.valeur * 60 / P.vitesses_kmh[6])


def test_missing_position_makes_no_trip_but_its_own_site_counts():
    origins = commune_places(communes([("a", np.nan, np.nan, 6), ("b", 0.0, 0.01, 6)]))
    targets = site_places([np.nan, 0.0], [np.nan, 0.0], np.array([0, -1]), origins)
    table = travel_table(origins, targets, 60, np.array([16.0, 16.0]))
    assert table[0].indices.tolist() == [0]
    assert table[1].indices.tolist() == [1]


def test_no_road_leaves_an_island_nor_crosses_an_ocean():
    frame = communes([("56069", 47.64, -3.46, 6), ("56121", 47.75, -3.37, 3), ("97209", 14.6, -61.07, 2)])
    origins = commune_places(frame)
    targets = site_places([47.75], [-3.37], np.array([1]), origins)
    table = travel_table(origins, targets, 60, np.full(3, 15.0))
    assert table[0].nnz == 0 and table[1].nnz == 1 and table[2].nnz == 0
    where, minutes = nearest_beyond(origins, targets, np.array([0, 2]), 2)
    assert (where == -1).all() and np.isnan(minutes).all()


def test_far_commune_still_finds_its_nearest_site():
    origins = commune_places(communes([("a", 3.0, -53.0, 7), ("b", 4.5, -52.3, 3)]))
    targets = site_places([4.5], [-52.3], np.array([1]), origins)
    where, minutes = nearest_beyond(origins, targets, np.array([0]), 2)
    assert where[0].tolist() == [0, -1]
    assert minutes[0, 0] > 60 and np.isnan(minutes[0, 1])


def test_a_site_without_position_stands_at_its_commune_and_without_commune_at_the_nearest():
    origins = commune_places(communes([("a", 45, 2, 1), ("b", 46, 3, 7)]))
    targets = site_places([np.nan, 45.99], [np.nan, 3.0], np.array([0, -1]), origins)
    assert (targets.latitude[0], targets.longitude[0]) == (45, 2)
    assert targets.vitesse_kmh.tolist() == [P.vitesses_kmh[1], P.vitesses_kmh[7]]
