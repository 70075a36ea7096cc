"""Territories on the real files: passages, zonings, living areas and outlines against readings of the same files."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import zipfile
from collections import defaultdict
from pathlib import Path

import pandas as pd
import pytest

from pilotage.database import get_engine
from pilotage.errors import ErreurEntrepot
from pilotage.mouvements import Mouvement, carry
from pilotage.territoires import follow
from tests.entrepot_reel import EntrepotReel

COG = {2021: "commune2021.csv", 2022: "commune_2022.csv", 2023: "v_commune_2023.csv", 2024: "v_commune_2024.csv",
       2025: "v_commune_2025.csv"}  # fmt: skip


def codes(mirror: Path, year: int, nature: str = "COM") -> set[str]:
    with (mirror / "insee__communes" / str(year) / COG[year]).open(encoding="utf-8-sig") as file:
        return {row["COM"] for row in csv.DictReader(file) if row["TYPECOM"] == nature}


@pytest.fixture(scope="module")
def lignes(mirror: Path) -> pd.DataFrame:
    """Lines of the movements file between communes that change code."""
    path = mirror / "insee__mouvements_communes/2025/v_mvt_commune_2025.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table.columns = table.columns.str.lower()
    return table[(table.typecom_av == "COM") & (table.typecom_ap == "COM")]


@pytest.fixture(scope="module")
def passage(entrepot_reel: EntrepotReel) -> dict[dt.date, dict[str, dict[str, float]]]:
    rows = entrepot_reel.frame("SELECT date_reference, code_ancien, code_commune, part FROM {commun}.passage_communes")
    table: dict = defaultdict(lambda: defaultdict(dict))
    for jour, ancien, vers, part in rows.itertuples(index=False):
        table[jour][ancien][vers] = float(part)
    return table


@pytest.fixture(scope="module")
def jours(lignes: pd.DataFrame) -> list[tuple[str, dict[str, set[str]]]]:
    """Where each code that moves goes, day after day since 2017."""
    recent = lignes[lignes.date_eff > "2017-01-01"]
    return [(day, rows.groupby("com_av").com_ap.agg(set).to_dict()) for day, rows in recent.groupby("date_eff")]


def destinations(code: str, depuis: str, jours: list[tuple[str, dict[str, set[str]]]]) -> set[str]:
    """Codes of 2025 that hold a code's territory, by the lines of the file alone."""
    held = {code}
    for day, moves in jours:
        suite, before = moves if day > depuis else {}, None
        while before != held:  # a code reached that leaves on the same day goes on
            before, held = held, set().union(*(suite.get(c, {c}) for c in held))
            suite = {c: to for c, to in suite.items() if c not in to and c in held}
    return held


@pytest.mark.parametrize("year", range(2017, 2026))
def test_any_vintage_goes_to_the_communes_of_today(passage, lignes, jours, mirror: Path, year: int) -> None:
    table, today = passage[dt.date(year, 1, 1)], codes(mirror, 2025)
    later = lignes[lignes.date_eff > f"{year}-01-01"]
    left = later.groupby("com_av").date_eff.min()
    appeared = later[later.com_ap != later.com_av].groupby("com_ap").date_eff.min()
    for code in sorted(left.index):
        to = table.get(code, {code: 1.0})
        if left[code] < appeared.get(code, "9"):  # it was a commune on that day
            assert set(to) == destinations(code, f"{year}-01-01", jours), code
        assert sum(to.values()) == pytest.approx(1)
        assert set(to) <= today
    if year in COG:
        reached = set().union(*(table.get(code, {code: 1}) for code in codes(mirror, year)))
        assert reached == today


@pytest.mark.parametrize("year", [2019, 2021, 2024])
def test_the_programme_carries_as_the_models_do(entrepot_reel: EntrepotReel, passage, year: int) -> None:
    rows = entrepot_reel.frame(
        "SELECT date_effet, type_evenement, nature_avant, code_avant, nom_avant, nature_apres, code_apres, nom_apres, "
        "part::float8, partage FROM {commun}.fait_mouvements_communes WHERE part IS NOT NULL"
    )
    moves = [Mouvement(*row) for row in rows.itertuples(index=False)]
    for code in codes(entrepot_reel.mirror, year if year in COG else 2021):
        direct = passage[dt.date(year, 1, 1)].get(code)
        if direct:
            assert carry(code, dt.date(year, 1, 1), moves) == pytest.approx(direct), code


@pytest.mark.parametrize("year", range(2017, 2026))
def test_arrondissements_go_whole_to_their_city(passage, mirror: Path, year: int) -> None:
    arrondissements = codes(mirror, 2025, "ARM")
    assert len(arrondissements) == 45
    cities = {"75": "75056", "69": "69123", "13": "13055"}
    assert all(passage[dt.date(year, 1, 1)][a] == {cities[a[:2]]: 1.0} for a in arrondissements)


def test_living_areas_follow_the_most_people(entrepot_reel: EntrepotReel, passage, mirror: Path) -> None:
    """Insee's table of 2022 and the populations of 2019, in the codes of 2021, carried by hand."""
    zip_ = mirror / "insee__appartenance_geographique/2022/table-appartenance-geo-communes-22.zip"
    with pd.ExcelFile(io.BytesIO(_member(zip_)), engine="calamine") as book:
        table = book.parse("COM", header=5, dtype=str, keep_default_na=False)
    served = entrepot_reel.frame(
        "SELECT code_commune, code_bassin_vie, nb_bassins_vie_reunis, code_arrondissement, code_departement "
        "FROM {commun}.dim_communes WHERE est_actuelle"
    ).set_index("code_commune")
    assert served.code_bassin_vie.notna().all() and served.code_bassin_vie.nunique() == 1664
    people = entrepot_reel.frame(
        "SELECT code_commune, population_municipale FROM {staging}.int_populations "
        "WHERE source = 'insee__populations' AND geographie = '2021-01-01' AND population_municipale IS NOT NULL"
    ).set_index("code_commune").population_municipale  # fmt: skip
    areas: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for code, area in zip(table.CODGEO, table.BV2012, strict=True):
        for vers, part in passage[dt.date(2022, 1, 1)].get(code, {code: 1}).items():
            areas[vers][area] += part * people.get(code, 0)
    assert served.nb_bassins_vie_reunis.to_dict() == {code: len(found) for code, found in areas.items()}
    assert served.code_bassin_vie.to_dict() == {code: max(found, key=found.get) for code, found in areas.items()}
    assert (served.nb_bassins_vie_reunis > 1).sum() == 12
    assert set(served[served.code_arrondissement.isna()].code_departement) == {"976"}


def _member(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(archive.namelist()[0])


def test_living_areas_are_a_partition_of_france(entrepot_reel: EntrepotReel) -> None:
    sums = entrepot_reel.frame(
        "SELECT niveau, SUM(population) AS population, SUM(nb_communes) AS communes FROM {commun}.dim_territoires "
        "WHERE niveau IN ('bassin_vie', 'france') GROUP BY niveau"
    ).set_index("niveau")
    assert (sums.loc["bassin_vie"] == sums.loc["france"]).all()


def test_classes_are_those_of_the_files(entrepot_reel: EntrepotReel, mirror: Path) -> None:
    served = entrepot_reel.frame(
        "SELECT code_commune, niveau_centralite, est_montagne, est_zrr FROM {commun}.dim_communes WHERE est_actuelle"
    ).set_index("code_commune")
    centre = pd.read_csv(mirror / "anct__centralite/2026-07-02/centralite.csv", dtype=str, encoding="utf-8-sig")
    centre = centre.set_index("insee_com").niveau_centralite.str.strip()
    assert served.niveau_centralite.isna().sum() == centre.str.contains("undefined").sum() == 129
    known = served.niveau_centralite.dropna()
    assert (known == centre[known.index]).all()
    mountain = pd.read_csv(mirror / "anct__montagne/2026-07-02/montagne.csv", dtype=str, encoding="utf-8-sig")
    assert set(served[served.est_montagne].index) == set(mountain.insee_com)
    zrr = pd.read_csv(mirror / "dgcl__zones_revitalisation_rurale/2023-10-11/zrr.csv", sep=";", dtype=str)
    zrr.index = zrr.INSEE.str.zfill(5)
    kept = zrr.index.intersection(served.index)
    assert len(kept) > 34_800 and served.est_zrr.notna().all()
    assert ((zrr.ZRR[kept] == "1") == served.est_zrr[kept].astype(bool)).mean() > 0.999, "some merged since"


def test_outlines_are_whole_or_put_side_by_side(entrepot_reel: EntrepotReel, passage, mirror: Path) -> None:
    served = entrepot_reel.frame("SELECT * FROM {commun}.fait_contours").set_index("code_commune")
    files = sorted((mirror / "ign__contours_communes/2018").glob("*.geojson"))
    features = [feature for file in files for feature in json.loads(file.read_text())["features"]]
    upstream = {f["properties"]["code"]: f["geometry"] for f in features}
    carried = [passage[dt.date(2018, 1, 1)].get(code, {code: 1}) for code in upstream]
    missing = codes(mirror, 2025) - set(served.index)
    assert missing == {vers for to in carried if len(to) > 1 for vers in to} and len(missing) == 12
    assert json.loads(served.geometrie["01004"]) == upstream["01004"]
    together = json.loads(served.geometrie["01033"])["coordinates"]  # Valserhône: three communes since 2019
    parts = [upstream[code] for code in ("01033", "01091", "01205")]
    rings = [p for g in parts for p in (g["coordinates"] if g["type"] == "MultiPolygon" else [g["coordinates"]])]
    assert together == rings and served.nb_contours_reunis["01033"] == 3


def test_the_story_of_real_codes(entrepot_reel: EntrepotReel) -> None:
    with entrepot_reel.opened(), get_engine().connect() as connection:

        def story(code: str, jour: str | None = None):
            day = dt.date.fromisoformat(jour) if jour else None
            return follow(connection, code, day, entrepot_reel.generation)

        assert story("75101").present == "75101 est un arrondissement de Paris (75056) au 1er janvier 2025"
        assert "Saint-Pierre-et-Miquelon" in story("97501").present
        assert story("49144").arrivee.endswith("(Freigné) est aujourd'hui à Vallons-de-l'Erdre (44180).")
        saline = story("14712", "2018-06-01").arrivee
        assert "(Saline) est aujourd'hui à Troarn (14712) pour 64,5 % et Sannerville (14666) pour 35,5 %" in saline
        assert story("14712", "2024-06-01").arrivee.endswith("désignait Troarn, au même endroit qu'aujourd'hui.")
        assert story("15035", "2020-01-01").arrivee.endswith("aucune commune ne portait le code 15035.")
        assert story("75056").evenements == []
        with pytest.raises(ErreurEntrepot, match="99999"):
            story("99999")
