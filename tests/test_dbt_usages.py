"""Star schema of usages on real files, against figures worked out from the files by other means."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.spatial import cKDTree

from models_ml.deplacements import chord_to_km, commune_places, site_places, travel_table, unit_vectors
from tests.miroir_recommandation import build_passage

pytestmark = pytest.mark.lent
HORS_COG = ("975", "977", "978")


def _csv(path: Path, **options) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False, **options)


@pytest.mark.parametrize("millesime", ["2020-10-12", "2022-12-01", "2024-08-01"])
def test_france_services_by_departement_equal_the_raw_lists(entrepot_reel, mirror, millesime) -> None:
    """Every row is counted in the département of its code, else of its postcode; those without are kept, in none."""
    rows = _raw_france_services(mirror, millesime)
    codes = [code if re.match(r"\d[\dAB]\d", code) else postcode for code, postcode in rows]
    told = Counter(_departement(code) for code in codes if code)
    ours = entrepot_reel.frame(
        "SELECT fait.id_fs, commune.code_departement FROM {usages}.fait_france_services AS fait "
        "LEFT JOIN {commun}.dim_communes AS commune "
        "ON commune.code_commune = fait.code_commune AND commune.est_actuelle "
        f"WHERE fait.millesime = '{millesime}'"
    )
    assert len(ours) == len(codes)
    assert Counter(ours["code_departement"].dropna()) == Counter({d: n for d, n in told.items() if d not in HORS_COG})
    counted = entrepot_reel.indicator("usages", "france_services", "departement", millesime)["numerateur"]
    assert {d: n for d, n in counted.items() if n} == {d: n for d, n in told.items() if d not in HORS_COG}


def _raw_france_services(mirror: Path, millesime: str) -> list[tuple[str, str]]:
    """Commune code and postcode of every row, as delivered."""
    folder = mirror / "anct__france_services" / millesime
    if millesime == "2020-10-12":
        features = json.loads((folder / "france_services.geojson").read_text())["features"]
        return [(f["properties"]["insee_com"], str(f["properties"]["code_postal"])) for f in features]
    with next(folder.glob("*.csv")).open(encoding="utf-8", newline="") as stream:
        return [(row["insee_com"], row["code_postal"]) for row in csv.DictReader(stream)]


def _departement(code: str) -> str:
    return code[:3] if code.startswith("97") else code[:2]


def test_aidants_by_departement_equal_the_raw_list(entrepot_reel, mirror) -> None:
    raw = _csv(next((mirror / "anct__aidants_connect/2024-02-12").glob("*.csv")))
    active = raw[(raw["Is Active"] == "true") & raw["City Insee Code"].str.fullmatch(r"\d[\dAB]\d{3}")]
    told = active.groupby(active["City Insee Code"].map(_departement))["Nombre d'aidants"].apply(
        lambda column: column.astype(int).sum()
    )
    ours = entrepot_reel.indicator("usages", "aidants_habilites", "departement", "2024-02-12")["numerateur"]
    gap = ours - told.reindex(ours.index).fillna(0)
    unplaced = raw[(raw["Is Active"] == "true") & (raw["City Insee Code"] == "")]["Nombre d'aidants"].astype(int).sum()
    assert (gap > -1e-9).all()
    assert 0 <= gap.sum() <= unplaced
    assert ours.sum() > 0.99 * raw.loc[raw["Is Active"] == "true", "Nombre d'aidants"].astype(int).sum()


def test_fragility_of_departements_is_weighted_by_population(entrepot_reel, mirror) -> None:
    """Communes that stayed alone since 2021: score of the file × population, summed by département."""
    raw = _csv(mirror / "mednum__fragilite_numerique/2023-08-24/ifn-city-all-variation.csv").set_index("code")
    communes = entrepot_reel.frame(
        "SELECT code_commune, code_departement, population FROM {commun}.dim_communes WHERE est_actuelle"
    ).set_index("code_commune")
    passage = build_passage(mirror)
    merged = set(passage) | set(passage.values())
    score = pd.to_numeric(raw["total"], errors="coerce").rename("score")
    ours = entrepot_reel.indicator("usages", "fragilite_totale", "departement", "2023-08-24")
    untouched = communes.groupby("code_departement").apply(lambda d: not merged & set(d.index), include_groups=False)
    table = communes.join(score).dropna()
    table = table[(table["score"] > 0) & (table["population"] > 0)]
    product = (table["score"] * table["population"]).groupby(table["code_departement"]).sum()
    expected = product / table.groupby("code_departement")["population"].sum()
    checked = untouched[untouched].index
    assert len(checked) >= 5
    assert (ours["valeur"][checked] - expected[checked]).abs().max() < 1e-9


def test_only_the_last_fragility_is_served(entrepot_reel) -> None:
    served = entrepot_reel.frame(
        "SELECT DISTINCT millesime FROM {usages}.indicateurs_usages WHERE code_indicateur LIKE 'fragilite%%'".replace(
            "%%", "%"
        )
    )
    assert list(served["millesime"]) == ["2023-08-24"]


def test_a_regional_list_says_nothing_of_other_regions(entrepot_reel) -> None:
    rows = entrepot_reel.frame(
        "SELECT DISTINCT millesime, code_territoire FROM {usages}.indicateurs_usages "
        "WHERE code_indicateur = 'lieux_mediation' AND niveau = 'region'"
    )
    regions = rows.groupby("millesime")["code_territoire"].apply(set)
    assert len(regions["2022-07-20"]) == 18
    assert regions["2023-05-17"] == regions["2024-09-12"] == {"93"}


def test_nearest_france_services_equals_a_search_in_three_dimensions(entrepot_reel) -> None:
    """The SQL grid against a k-d tree on the whole globe, for communes that hold no site themselves."""
    ours = entrepot_reel.frame(
        "SELECT acces.code_commune, acces.distance_km, commune.latitude, commune.longitude "
        "FROM {usages}.fait_acces_france_services AS acces JOIN {commun}.dim_communes AS commune "
        "ON commune.code_commune = acces.code_commune AND commune.est_actuelle WHERE acces.millesime = '2024-08-01'"
    )
    sites = entrepot_reel.frame(
        "SELECT fait.code_commune, COALESCE(fait.latitude, c.latitude) AS latitude, "
        "COALESCE(fait.longitude, c.longitude) AS longitude "
        "FROM {usages}.fait_france_services AS fait LEFT JOIN {commun}.dim_communes AS c "
        "ON c.code_commune = fait.code_commune AND c.est_actuelle WHERE fait.millesime = '2024-08-01'"
    ).dropna(subset=["latitude"])
    ours = ours[~ours["code_commune"].isin(sites["code_commune"])].astype({"latitude": float, "longitude": float})
    tree = cKDTree(unit_vectors(sites["latitude"].to_numpy(float), sites["longitude"].to_numpy(float)))
    km = chord_to_km(tree.query(unit_vectors(ours["latitude"].to_numpy(), ours["longitude"].to_numpy()))[0], 6371.0088)
    found = ours["distance_km"].to_numpy(float)
    assert np.isnan(found[km > 20.001]).all()
    near = km < 19.999
    assert np.abs(found[near] - km[near]).max() < 1e-6


def test_the_recommender_finds_the_same_communes_beyond_twenty_minutes(entrepot_reel) -> None:
    """Same declared travel assumptions, two programs: the SQL grid and the recommender's sparse travel table."""
    communes = entrepot_reel.frame(
        "SELECT code_commune, latitude, longitude, niveau_densite, superficie_km2 FROM {commun}.dim_communes "
        "WHERE est_actuelle ORDER BY code_commune"
    ).astype({"latitude": float, "longitude": float, "superficie_km2": float})
    sites = entrepot_reel.frame(
        "SELECT code_commune, latitude, longitude FROM {usages}.fait_france_services "
        "WHERE millesime = '2024-08-01' AND est_actif"
    ).astype({"latitude": float, "longitude": float})
    rank = dict(zip(communes["code_commune"], range(len(communes)), strict=True))
    origins = commune_places(communes)
    places = site_places(sites["latitude"], sites["longitude"], sites["code_commune"].map(rank).fillna(-1), origins)
    reached = np.diff(travel_table(origins, places, 20, communes["superficie_km2"].to_numpy()).indptr) > 0
    beyond = entrepot_reel.frame(
        "SELECT code_commune, est_au_dela_20_min FROM {usages}.fait_acces_france_services "
        "WHERE millesime = '2024-08-01' ORDER BY code_commune"
    )
    assert list(beyond["code_commune"]) == list(communes["code_commune"])
    assert (beyond["est_au_dela_20_min"].to_numpy(bool) == ~reached).all()
