"""Axis of development: figures of départements worked out from the raw files by other means, and the simulated RPNT."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path

import pytest

from pilotage.config import RACINE
from pilotage.simulation import write_simulation
from pilotage.simulation.equipements import FICHIERS
from pilotage.simulation.presence import EXIGES
from tests.test_dbt_equipements import is_arrondissement, read_wide

ACTIONS = {"commerce_proximite", "culture_tourisme", "fablabs", "securite_si"}


def test_the_four_actions_of_the_axis_are_measured() -> None:
    with (RACINE / "dbt_project/seeds/indicateurs.csv").open(encoding="utf-8", newline="") as stream:
        measured = {row["code_action"] for row in csv.DictReader(stream) if row["code_axe"] == "developpement"}
    assert measured == ACTIONS


def test_simulated_levels_of_the_rpnt_hold_their_criteria(tmp_path: Path) -> None:
    write_simulation(tmp_path, 60, 7)
    content = (tmp_path / "anct__presence_numerique/2025-12/dpnt-quotidien.csv.gz").read_bytes()
    rows = list(csv.DictReader(io.StringIO(gzip.decompress(content).decode()), delimiter=";"))
    assert {row["type"] for row in rows} == {"commune", "region"}
    for row in rows:
        criteria = set(filter(None, row["rpnt"].split(",")))
        for level, asked in EXIGES.items():
            assert (level in criteria) == (asked <= criteria)
        assert row["siret"] or not criteria, "nobody tests an authority without a Siret"


def departement(code: str) -> str:
    return code[:3] if code.startswith("97") else code[:2]


@pytest.mark.lent
def test_food_shops_of_departements_are_those_of_the_file(entrepot_reel, mirror: Path) -> None:
    """No merger since 2022 crosses a département: its shops are those of the communes of then."""
    shops = read_wide(mirror, FICHIERS["commerces"])
    shops = shops[~is_arrondissement(shops.index)]
    food = shops[["B101", "B102", *(f"B20{k}" for k in range(1, 7))]].sum(axis=1)
    ours = entrepot_reel.indicator("developpement", "commerces_alimentaires", "departement", "2021")
    expected = food.groupby(departement).sum()
    assert len(ours) == 101
    assert ours["numerateur"].sub(expected).abs().max() < 1e-6
    france = entrepot_reel.indicator("developpement", "commerces_alimentaires", "france", "2021").iloc[0]
    assert france.numerateur == pytest.approx(food.sum(), abs=1e-4)


@pytest.mark.lent
def test_people_far_from_bread_are_those_of_the_communes(entrepot_reel) -> None:
    communes = entrepot_reel.frame(
        "SELECT c.code_departement, c.population, a.temps_min FROM {staging}.int_acces_equipements AS a "
        "INNER JOIN {commun}.dim_communes AS c ON c.code_commune = a.code_commune AND c.est_actuelle "
        "WHERE a.famille = 'boulangerie' AND c.population > 0"
    )
    far = communes[communes["temps_min"].isna() | (communes["temps_min"] > 15)]
    expected = far.groupby("code_departement")["population"].sum()
    ours = entrepot_reel.indicator("developpement", "pain_15_min", "departement", "2021")["numerateur"]
    assert ours[ours > 0].sub(expected).abs().max() < 1e-6
    assert set(ours[ours > 0].index) == set(expected.index)


@pytest.mark.lent
def test_no_row_is_invented_for_a_file_that_was_never_delivered(entrepot_reel) -> None:
    counts = entrepot_reel.frame(
        "SELECT (SELECT COUNT(*) FROM {developpement}.fait_presence_numerique) AS releves, (SELECT COUNT(*) FROM "
        "{developpement}.indicateurs_developpement WHERE code_indicateur LIKE 'rpnt%') AS indicateurs"
    )
    assert counts.iloc[0].tolist() == [0, 0]


@pytest.mark.lent
def test_labelled_workshops_are_all_there(entrepot_reel, mirror: Path) -> None:
    natures = entrepot_reel.frame("SELECT nature, COUNT(*) AS nb FROM {developpement}.fait_ateliers GROUP BY 1")
    counts = natures.set_index("nature")["nb"]
    for nature, source in {
        "fabrique": "anct__fabriques_de_territoire",
        "manufacture": "anct__manufactures_proximite",
    }.items():
        features = json.loads(next((mirror / source).rglob("*.geojson")).read_text(encoding="utf-8"))["features"]
        identifiers = {i for f in features for i in f["properties"]["id_territoire"].split("; ")}
        assert counts[nature] == len(identifiers)
