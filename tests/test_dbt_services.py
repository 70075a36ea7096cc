"""Star schema of services on real files, against figures worked out from the files by other means."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.spatial import cKDTree

from models_ml.deplacements import chord_to_km, unit_vectors
from pilotage.catalogue import load_catalogue

pytestmark = pytest.mark.lent
HORS_COG = ("975", "977", "978")
ENSEMBLES = {
    "generalistes": "Ensemble des médecins généralistes",
    "dentistes": "Ensemble des chirurgiens-dentistes",
    "infirmiers": "Infirmiers",
}


def _csv(path: Path, **options) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False, **options)


def _departement(code: str) -> str:
    return code[:3] if code.startswith("97") else code[:2]


def _annuaire(mirror: Path) -> pd.DataFrame:
    columns = ["identifiant_de_l_etablissement", "type_etablissement", "code_commune", "nombre_d_eleves"]
    path = mirror / "education__annuaire/2025/annuaire_ecoles_france_mini.parquet"
    return pd.read_parquet(path, columns=columns).drop_duplicates("identifiant_de_l_etablissement")


def _ips(mirror: Path, kind: str) -> pd.DataFrame:
    return _csv(mirror / f"education__ips/2022/fr-en-ips_{kind}_2022.csv", sep=";")


def _maternites(mirror: Path) -> pd.DataFrame:
    raw = _csv(mirror / "drees__maternites/2023/annuaire_maternites_DREES.csv", sep=";", encoding="utf-8-sig")
    return raw.assign(COM=raw["COM"].str.replace(r"^9[A-F](\d{3})$", r"97\1", regex=True))


def test_schools_by_departement_equal_the_directory(entrepot_reel, mirror) -> None:
    """An establishment of two sites counts once; those of the overseas collectivities are in no département."""
    raw = _annuaire(mirror)
    schools = raw[raw["type_etablissement"] == "Ecole"]
    told = schools.groupby(schools["code_commune"].map(_departement)).size().drop(list(HORS_COG), errors="ignore")
    ours = entrepot_reel.indicator("services", "ecoles", "departement", "2025")["numerateur"]
    assert ours.to_dict() == told.to_dict()


def test_people_without_a_school_equal_the_directory(entrepot_reel, mirror) -> None:
    raw = _annuaire(mirror)
    codes = set(raw.loc[raw["type_etablissement"] == "Ecole", "code_commune"])
    for city, first in (("75056", "751"), ("69123", "6938"), ("13055", "132")):
        codes |= {city} if any(code.startswith(first) for code in codes) else set()
    communes = entrepot_reel.frame(
        "SELECT code_commune, population FROM {commun}.dim_communes WHERE est_actuelle AND population > 0"
    )
    expected = communes.loc[~communes["code_commune"].isin(codes), "population"].sum()
    ours = entrepot_reel.indicator("services", "sans_ecole", "france", "2025")["numerateur"].item()
    assert ours == expected


@pytest.mark.parametrize(("kind", "code"), [("ecoles", "ips_ecoles"), ("colleges", "ips_colleges")])
def test_social_position_of_departements_is_weighted_by_pupils(entrepot_reel, mirror, kind, code) -> None:
    pupils = _annuaire(mirror).set_index("identifiant_de_l_etablissement")["nombre_d_eleves"]
    raw = _ips(mirror, kind)
    raw = raw[raw["IPS"] != ""]
    raw = raw.assign(
        ips=raw["IPS"].astype(float),
        pupils=raw["UAI"].map(pupils),
        dep=raw["Code INSEE de la commune"].map(_departement),
    )
    raw = raw[(raw["pupils"] > 0) & ~raw["dep"].isin(HORS_COG)]
    expected = (raw["ips"] * raw["pupils"]).groupby(raw["dep"]).sum() / raw.groupby("dep")["pupils"].sum()
    ours = entrepot_reel.indicator("services", code, "departement", "2022")["valeur"]
    assert set(ours.index) == set(expected.index)
    assert (ours - expected).abs().max() < 1e-9


def test_maternities_of_each_year_equal_the_raw_list(entrepot_reel, mirror) -> None:
    raw = _maternites(mirror)
    told = Counter(zip(raw["ANNEE"], raw["COM"].map(_departement), strict=True))
    told = {key: n for key, n in told.items() if key[1] not in HORS_COG and key != ("2023", "97127")}
    ours = entrepot_reel.frame("SELECT millesime, code_departement, accouchements FROM {services}.fait_maternites")
    placed = ours[ours["code_departement"].notna()]
    counted = Counter(zip(placed["millesime"], placed["code_departement"], strict=True))
    saint_martin = (raw["COM"] == "97127").sum()
    assert len(ours) - len(placed) == saint_martin
    assert sum(counted.values()) == len(raw) - saint_martin
    assert all(counted[key] == n for key, n in told.items() if key[1] != "971")
    assert ours["accouchements"].sum() == raw["ACCTOT"].astype(int).sum()


def test_nearest_maternity_equals_a_search_in_three_dimensions(entrepot_reel, mirror) -> None:
    """Communes of the mainland that hold none: the SQL grid and a k-d tree on the whole globe agree within 30 km."""
    raw = _maternites(mirror)
    communes = entrepot_reel.frame(
        "SELECT code_commune, latitude, longitude FROM {commun}.dim_communes "
        "WHERE est_actuelle AND latitude IS NOT NULL AND code_departement NOT LIKE '97_'"
    ).set_index("code_commune")
    codes = raw.loc[raw["ANNEE"] == "2023", "COM"].replace({"69152": "69149"})  # Pierre-Bénite merged in 2024
    codes = codes.replace({"69381|69382|69383|69384|69385|69386|69387|69388|69389": "69123"}, regex=True)
    codes = codes.replace({r"751\d\d": "75056", r"132\d\d": "13055"}, regex=True)
    sites = communes.reindex(codes.unique()).dropna()
    ours = entrepot_reel.frame(
        "SELECT code_commune, distance_km FROM {services}.fait_acces_maternites WHERE millesime = '2023'"
    ).set_index("code_commune")["distance_km"]
    others = communes.drop(index=sites.index)
    tree = cKDTree(unit_vectors(sites["latitude"].to_numpy(), sites["longitude"].to_numpy()))
    chord, _ = tree.query(unit_vectors(others["latitude"].to_numpy(), others["longitude"].to_numpy()))
    expected = chord_to_km(chord, 6371.0088)
    found = ours.reindex(others.index).to_numpy(float)
    assert np.isnan(found[expected > 30.001]).all()
    both = ~np.isnan(found) & (expected < 29.999)
    assert np.abs(found[both] - expected[both]).max() < 1e-6
    islands = np.isnan(found) & (expected < 29.999)  # no bridge: the maternity across the water is out of reach
    assert 0 < islands.sum() <= 25


def test_professionals_of_regions_equal_the_totals_that_the_source_gives(entrepot_reel, mirror) -> None:
    """Départements are added up by the bridge; the file's own regional and national totals were left out of them."""
    raw = _csv(
        mirror / "cnam__professionnels_sante/2024/toutes_specialites_departement.csv", encoding="utf-8-sig"
    ).astype({"effectif": int})
    for code, profession in ENSEMBLES.items():
        lines = raw[raw["profession_sante"] == profession]
        detail = lines[lines["departement"] != "999"].set_index("departement")["effectif"]
        regions = lines[(lines["departement"] == "999") & (lines["region"] != "99")].set_index("region")["effectif"]
        france = lines.loc[lines["region"] == "99", "effectif"].item()
        ours = {n: entrepot_reel.indicator("services", code, n, "2024") for n in ("departement", "region", "france")}
        assert ours["departement"]["numerateur"].astype(int).to_dict() == detail.to_dict()
        assert ours["region"]["numerateur"].astype(int).to_dict() == regions.to_dict()
        assert ours["france"]["numerateur"].item() == france
        assert (ours["france"]["couverture_population_pct"] > 99.99).all()
    levels = entrepot_reel.frame(
        "SELECT DISTINCT niveau FROM {services}.indicateurs_services WHERE source = 'cnam__professionnels_sante'"
    )
    assert set(levels["niveau"]) == {"departement", "region", "france"}


def test_finess_says_nothing_outside_its_region(entrepot_reel, mirror) -> None:
    raw = _csv(mirror / "drees__finess/2025-occitanie/finess_occitanie2.csv")
    houses = raw[raw["categetab"].isin(["603", "124"])].drop_duplicates("numero finess etablissement")
    ours = entrepot_reel.indicator("services", "soins_coordonnes", "departement", "2025-occitanie")["numerateur"]
    assert ours.astype(int).to_dict() == houses.groupby("departement").size().to_dict()
    regions = entrepot_reel.indicator("services", "soins_coordonnes", "region", "2025-occitanie")
    assert list(regions.index) == ["76"]
    everywhere = entrepot_reel.indicator("services", "soins_coordonnes", "france", "2025-occitanie")
    assert everywhere["couverture_population_pct"].item() < 10


def test_open_bodies_are_those_of_the_list(entrepot_reel, mirror) -> None:
    """Communes and groupings against the members' list of the DGCL, read by another library."""
    raw = _csv(mirror / "opendatafrance__organisations/2025-03-25/odf.csv")
    listed = set(raw["siren"].str.replace(r"\D", "", regex=True))
    members = pd.read_excel(next((mirror / "dgcl__intercommunalites/2025").glob("*.xlsx")), dtype=str)
    open_by_list = members["siren_membre"].isin(listed) | members["siren"].isin(listed)
    ours = entrepot_reel.frame(
        "SELECT code_commune FROM {services}.fait_ouverture_communes WHERE est_commune_ouverte OR est_epci_ouvert"
    )
    codes = set(members.loc[open_by_list, "insee"].str.zfill(5))
    assert set(ours["code_commune"]) == codes
    shared = entrepot_reel.frame(
        "SELECT hote_plateforme, COUNT(*) AS n FROM {services}.fait_ouverture_donnees "
        "WHERE est_plateforme_mutualisee GROUP BY 1"
    )
    hosts = Counter(m.group(1).lower() for m in (re.match(r"\w+://([^/:?#]+)", u) for u in raw["url_platform"]) if m)
    kept = {host: n for host, n in hosts.items() if n > 1 and not host.endswith("data.gouv.fr")}
    assert set(shared["hote_plateforme"]) == set(kept)


def test_an_extract_of_the_catalogue_gives_no_indicator(entrepot_reel) -> None:
    """Eleven resources of a few bodies cannot stand for all; they stay in the fact, marked."""
    fact = entrepot_reel.frame("SELECT est_catalogue_complet FROM {services}.fait_ressources_ouvertes")
    assert 0 < len(fact) <= 11
    assert not fact["est_catalogue_complet"].any()


def test_sources_never_seen_on_a_file_give_no_figure(entrepot_reel) -> None:
    unseen = {name for name, card in load_catalogue().items() if not card.est_vue}
    served = entrepot_reel.frame("SELECT DISTINCT source FROM {services}.indicateurs_services")
    assert {"dinum__demarches", "betagouv__startups", "scdl__deliberations", "transport__covoiturage"} <= unseen
    assert not set(served["source"]) & unseen
