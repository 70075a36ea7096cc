"""Equipments on real files: totals against the delivered files, access against a brute-force search."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from pilotage.config import RACINE
from pilotage.simulation.equipements import FICHIERS, read_types

BASE = "insee__equipements/2021"
VILLES = {"75056": "751", "69123": "6938", "13055": "132"}


def read_wide(mirror: Path, fichier: str) -> pd.DataFrame:
    frame = pd.read_csv(mirror / BASE / fichier, sep=";", dtype={"CODGEO": str}, index_col="CODGEO")
    return frame.filter(regex=r"^NB_[A-G]\d{3}$").rename(columns=lambda name: name[3:])


def is_arrondissement(codes: pd.Index) -> np.ndarray:
    return np.array([any(c.startswith(p) and c != ville for ville, p in VILLES.items()) for c in codes])


def test_arrondissements_of_the_delivered_files_add_up_to_their_city(mirror: Path) -> None:
    """The reason why only the cities are counted."""
    for fichier in FICHIERS.values():
        frame = read_wide(mirror, fichier)
        for ville, prefixe in VILLES.items():
            parts = frame[frame.index.str.startswith(prefixe) & (frame.index != ville)]
            assert (parts.sum() == frame.loc[ville]).all(), (fichier, ville)


def test_labels_are_those_of_insee_s_dictionaries(mirror: Path) -> None:
    ours = {row["type_equipement"]: row["libelle"] for row in read_types()}
    for path in sorted((mirror / BASE).glob("meta_*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            rows = [r for r in csv.DictReader(stream, delimiter=";") if r["COD_VAR"].startswith("NB_")]
        assert rows
        for row in rows:
            label = " ".join(row["LIB_VAR_LONG"].replace("’", "'").split())
            assert ours[row["COD_VAR"][3:]] == label


def test_families_are_made_of_known_types() -> None:
    with (RACINE / "dbt_project/seeds/familles_equipements.csv").open(encoding="utf-8", newline="") as stream:
        families = list(csv.DictReader(stream))
    assert {f["type_equipement"] for f in families} <= {t["type_equipement"] for t in read_types()}
    assert {"boulangerie", "alimentation", "poste", "medecin", "pharmacie", "maternite", "gare", "cinema"} <= {
        f["famille"] for f in families
    }


@pytest.mark.lent
def test_totals_by_type_are_those_of_the_2021_files(entrepot_reel, mirror: Path) -> None:
    ours = entrepot_reel.frame(
        "SELECT type_equipement, SUM(nb_equipements) AS nb FROM {commun}.fait_equipements "
        "WHERE millesime = '2021' GROUP BY 1"
    ).set_index("type_equipement")["nb"]
    for fichier in FICHIERS.values():
        frame = read_wide(mirror, fichier)
        totals = frame[~is_arrondissement(frame.index)].sum()
        for code, total in totals[totals > 0].items():
            assert ours[code] == pytest.approx(total, abs=1e-4), (fichier, code)


@pytest.mark.lent
def test_totals_by_type_are_those_of_the_2019_file(entrepot_reel, mirror: Path) -> None:
    path = mirror / "insee__equipements_iris/2019/bpe19_ensemble.csv.gz"
    raw = pd.read_csv(path, sep=";", usecols=["TYPEQU", "NB_EQUIP"])
    totals = raw.groupby("TYPEQU")["NB_EQUIP"].sum()
    ours = entrepot_reel.frame(
        "SELECT type_equipement, SUM(nb_equipements) AS nb FROM {commun}.fait_equipements "
        "WHERE millesime = '2019' GROUP BY 1"
    ).set_index("type_equipement")["nb"]
    assert totals.sum() == 2_607_293
    assert ours.sub(totals).abs().max() < 1e-4 and len(ours) == len(totals)


@pytest.mark.lent
def test_cities_are_counted_once(entrepot_reel, mirror: Path) -> None:
    shops = read_wide(mirror, FICHIERS["commerces"])["B203"]
    ours = entrepot_reel.frame(
        "SELECT code_commune, nb_equipements AS nb FROM {commun}.fait_equipements "
        "WHERE millesime = '2021' AND type_equipement = 'B203'"
    ).set_index("code_commune")["nb"]
    assert not is_arrondissement(ours.index).any()
    assert all(ours[ville] == shops[ville] for ville in VILLES)


@pytest.mark.lent
@pytest.mark.parametrize("famille", ["boulangerie", "gare", "maternite"])
def test_access_is_that_of_a_search_among_all_communes(entrepot_reel, famille: str) -> None:
    """Seventy communes drawn at random, islands and Guyane: the grid and its rounds miss no nearer site."""
    communes = entrepot_reel.frame(
        "SELECT code_commune, latitude, longitude, superficie_km2, niveau_densite FROM {commun}.dim_communes "
        "WHERE est_actuelle AND latitude IS NOT NULL"
    ).set_index("code_commune")
    acces = entrepot_reel.frame(
        f"SELECT * FROM {{staging}}.int_acces_equipements WHERE famille = '{famille}'"
    ).set_index("code_commune")
    rules = yaml.safe_load((RACINE / "dbt_project/dbt_project.yml").read_text(encoding="utf-8"))["vars"]["deplacements"]
    communes["vitesse"] = (
        communes["niveau_densite"].map(rules["vitesses_kmh"]).fillna(rules["vitesse_sans_densite_kmh"])
    )
    iles = {code: rank for rank, codes in enumerate(rules["iles"], start=1) for code in codes}
    communes["ile"] = [iles.get(code, 0) for code in communes.index]
    drawn = communes.sample(70, random_state=3).index.union(["29155", "56009", "97302", "97314", "75056"])
    for code in drawn:
        km, minutes = search(code, communes, acces["nb_equipements"], rules)
        ours = acces.loc[code]
        if km.min() > 60:
            assert pd.isna(ours.distance_km)
        else:
            assert ours.distance_km == pytest.approx(km.min(), abs=1e-6)
        if km[minutes.index].min() <= 60:
            assert ours.temps_min == pytest.approx(minutes.min(), abs=1e-6), code


def search(code: str, communes: pd.DataFrame, counts: pd.Series, rules: dict) -> tuple[pd.Series, pd.Series]:
    """Distance (km) from a commune to every commune that has one, and minutes to those that no sea separates."""
    here, sites = communes.loc[code], communes.loc[counts[counts > 0].index]
    lat, lat0 = np.radians(sites["latitude"]), math.radians(here.latitude)
    dlon = np.radians(sites["longitude"] - here.longitude)
    half = np.sin((lat - lat0) / 2) ** 2 + np.cos(lat) * math.cos(lat0) * np.sin(dlon / 2) ** 2
    km = 2 * 6371.0088 * np.arcsin(np.sqrt(half))
    if code in km.index:
        area = here.superficie_km2 or rules["superficie_sans_mesure_km2"]
        inner = rules["interne_facteur"] * math.sqrt(area / max(1, counts[code]))
        km[code] = min(rules["interne_plafond_km"], inner)
    minutes = km * rules["detour"] * 30 * (1 / here.vitesse + 1 / sites["vitesse"])
    return km, minutes[sites["ile"] == here.ile]
