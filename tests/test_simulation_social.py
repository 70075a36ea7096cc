"""Simulated social files and programmes: same heads as the real ones, and figures that hold together."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from pilotage.catalogue import get_source
from pilotage.readers import describe, iter_records, read_columns
from pilotage.simulation import write_simulation

FICHIERS = (
    "insee__qpv/2022/DEMO_2022.csv", "insee__qpv/2022/IPRO_2022.csv", "insee__qpv/2022/REVN_2022.csv",
    "sdes__logements_sociaux/2024/export_parc_logements_sociaux_jan_2024.csv",
    "francetravail__demandeurs_emploi/2019/data_DEFM2019_com.csv",
    "derive__age_diplome_communes/2017/data_scol_menage_demandeurEmplois.csv",
)  # fmt: skip


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulation")
    write_simulation(folder, 300, 2026)
    return folder


@pytest.mark.parametrize("chemin", FICHIERS)
def test_header_is_byte_for_byte_the_real_one(mirror: Path, simulation: Path, chemin: str) -> None:
    real, ours = ((base / chemin).open("rb").readline() for base in (mirror, simulation))
    assert ours == real


def test_job_seekers_add_up_by_age_and_sex(simulation: Path) -> None:
    d = pd.read_csv(simulation / FICHIERS[4], sep=";", dtype=str, keep_default_na=False)
    n = d[d["ABC"] != ""].drop(columns=["CODGEO", "NOTE"]).astype(int)
    assert (n["ABC"] == n["ABC_H"] + n["ABC_F"]).all()
    assert (n["ABC"] == n["ABC_25"] + n["ABC_2649"] + n["ABC_50"]).all()
    assert len(d) < 300  # small communes are not published


def test_small_parks_are_secret(simulation: Path) -> None:
    d = pd.read_csv(simulation / FICHIERS[3], dtype=str, keep_default_na=False)
    assert ((d["nb_loues"] == "") == (d["nb_ls"].astype(int) <= 10)).all()


def test_three_blocks_of_one_header_are_told_apart(simulation: Path) -> None:
    card = get_source("insee__age_departements")
    path = simulation / "insee__age_departements/2021/estim-pop-dep-sexe-gca-1975-2021.xlsx"
    livre = describe(card, "2021", path)
    names = read_columns(livre).noms
    assert {"departements", "ensemble_total", "hommes_0_a_19_ans", "femmes_total"} <= set(names)
    first = next(iter_records(livre)).valeurs
    values = dict(zip(names, first, strict=True))
    assert int(values["hommes_total"]) + int(values["femmes_total"]) == int(values["ensemble_total"])


def test_members_of_programmes_are_communes_of_2023(simulation: Path) -> None:
    cog = pd.read_csv(simulation / "insee__communes/2023/v_commune_2023.csv", dtype=str)
    codes = set(cog[cog["TYPECOM"] == "COM"]["COM"])
    content = json.loads((simulation / "anct__villages_avenir/2024-09-16/va_geom.geojson").read_text("utf-8"))
    found = {f["properties"]["liste_geo"].rsplit("(", 1)[1].rstrip(")") for f in content["features"]}
    assert found and found <= codes
