"""Social marts and programmes on real files, against figures worked out from the files by other means."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

pytestmark = pytest.mark.lent


def _csv(path: Path, **options) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig", **options)


def _number(column: pd.Series) -> pd.Series:
    return pd.to_numeric(column.str.replace(r"\s", "", regex=True).str.replace(",", "."))


def test_quarters_keep_their_people_and_every_commune_named_is_found(entrepot_reel, mirror: Path) -> None:
    raw = _csv(mirror / "insee__qpv/2022/DEMO_2022.csv", sep=";")
    ours = entrepot_reel.frame("SELECT * FROM {commun}.fait_quartiers_prioritaires").set_index("code_quartier")
    assert len(ours) == len(raw) == 1400
    assert ours["population"].sum() == _number(raw["POP_MUN"]).sum()
    assert (ours["nb_communes"] > 0).all()
    assert ours.loc["QP062040", "codes_communes"] == "59452 62321"  # a quarter across two départements
    shared = entrepot_reel.frame("SELECT SUM(population) AS total FROM {commun}.pont_quartiers_communes")
    assert float(shared.total.iloc[0]) == pytest.approx(ours["population"].sum())


def test_population_of_communes_of_quarters_is_that_of_the_census_of_2018(entrepot_reel) -> None:
    """The vintage is stated nowhere in the file: its communes' populations are those of 2018."""
    pairs = entrepot_reel.frame(
        "SELECT q.population_communes, p.population FROM {commun}.fait_quartiers_prioritaires AS q "
        "INNER JOIN {commun}.fait_profils AS p USING (code_commune) WHERE q.noms_communes !~ 'Arrondissement'"
    )
    assert len(pairs) > 1000
    assert (pairs["population_communes"] == pairs["population"].round()).mean() > 0.98


def test_shares_of_ages_are_those_of_people_aged_15_and_more(entrepot_reel, mirror: Path) -> None:
    raw = _csv(mirror / "derive__age_diplome_communes/2017/data_scol_menage_demandeurEmplois.csv")
    raw = raw[raw["TX_65ETPLUS"] != ""].set_index("CODE_INSEE")
    ours = entrepot_reel.frame("SELECT * FROM {commun}.fait_ages_diplomes").set_index("code_commune")
    assert ours.loc["01004", "part_65_ans_pct"] == pytest.approx(float(raw.loc["01004", "TX_65ETPLUS"]))
    whole = (ours["part_65_ans_pct"] * ours["population_poids"]).sum() / ours["population_poids"].sum()
    assert whole == pytest.approx(23.54, abs=0.01)  # 19.4 % of all people, of whom 82 % are 15 or more
    assert not ours.index.str.startswith("976").any()
    paris = raw[raw.index.str.startswith("751")]["TX_65ETPLUS"].astype(float)
    assert paris.min() < ours.loc["75056", "part_65_ans_pct"] < paris.max()
    assert bool(ours.loc["75056", "est_moyenne_ponderee"])


def test_job_seekers_of_paris_are_counted_once(entrepot_reel, mirror: Path) -> None:
    raw = _csv(mirror / "francetravail__demandeurs_emploi/2019/data_DEFM2019_com.csv", sep=";").set_index("CODGEO")
    ours = entrepot_reel.frame("SELECT * FROM {commun}.fait_demandeurs_emploi").set_index("code_commune")
    assert ours.loc["75056", "demandeurs_abc"] == int(raw.loc["75056", "ABC"])
    parts = raw[~raw.index.str.match(r"^(751|1320|1321|6938)")]
    assert float(ours["demandeurs_abc"].sum()) == _number(parts["ABC"].replace("", "0")).sum()
    assert "01001" not in ours.index  # a small commune is unknown, not zero


def test_social_dwellings_add_up_and_stay_secret(entrepot_reel, mirror: Path) -> None:
    raw = _csv(mirror / "sdes__logements_sociaux/2024/export_parc_logements_sociaux_jan_2024.csv")
    ours = entrepot_reel.frame("SELECT * FROM {commun}.fait_logements_sociaux").set_index("code_commune")
    assert float(ours["logements_sociaux"].sum()) == raw["nb_ls"].astype(int).sum() == 5_366_986
    assert ours.loc["01012", "logements_loues"] is None or pd.isna(ours.loc["01012", "logements_loues"])
    assert bool(ours.loc["01012", "est_secret_etat"])


def test_departements_keep_the_sheet_s_own_total(entrepot_reel) -> None:
    ours = entrepot_reel.frame("SELECT * FROM {commun}.fait_ages_departements")
    assert len(ours) == 101
    assert int(ours["population"].sum()) == 67_407_241  # « France métropolitaine et DOM » of the sheet
    assert int(ours["plus_75_ans"].sum()) == 6_409_568


@pytest.mark.parametrize(
    ("source", "programme"),
    [
        ("anct__petites_villes_de_demain", "pvd"),
        ("anct__villages_avenir", "va"),
        ("anct__campus_connectes", "cde"),
        ("anct__action_coeur_de_ville_2", "acv2"),
    ],
)
def test_members_of_programmes_are_those_of_the_map(entrepot_reel, mirror: Path, source: str, programme: str) -> None:
    (path,) = (mirror / source / "2024-09-16").glob("*.geojson")
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    codes = {c for f in features for c in re.findall(r"\((\w{5})\)", f["properties"]["liste_geo"])}
    query = f"SELECT code_commune FROM {{commun}}.fait_programmes WHERE code_programme = '{programme}'"
    ours = set(entrepot_reel.frame(query)["code_commune"])
    known = set(entrepot_reel.frame("SELECT code_commune FROM {staging}.int_communes_courantes")["code_commune"])
    assert codes & known <= ours
    assert len(ours - codes) <= 12  # communes born of a merger or of a split since


def test_a_commune_of_an_industrial_territory_has_it_through_its_grouping(entrepot_reel) -> None:
    ours = entrepot_reel.frame("SELECT * FROM {commun}.fait_programmes WHERE code_programme = 'ti'")
    assert ours["est_par_epci"].all()
    assert {"97105", "23067"} <= set(ours["code_commune"])  # Basse-Terre; La Courtine signs by itself
