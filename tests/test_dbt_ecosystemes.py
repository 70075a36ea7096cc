"""The star of ecosystems and the activity of advisers, against the raw files read without SQL."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from tests.entrepot_reel import EntrepotReel

FABRIQUES = "anct__fabriques_de_territoire/2024-09-16/fabt_geom.geojson"
MANUFACTURES = "anct__manufactures_proximite/2024-09-16/manuprox_geom.geojson"
ACTIVITE = "anct__conseillers_numeriques_activite/2023-07-17/2023-07-17-conum-cra_par_code_postaux.csv"

pytestmark = pytest.mark.lent


def places(mirror: Path, path: str) -> dict[str, str]:
    """Identifier -> commune, from the features."""
    features = json.loads((mirror / path).read_bytes())["features"]
    return {
        one: feature["properties"]["id_geo"]
        for feature in features
        for one in feature["properties"]["id_territoire"].split("; ")
    }


def test_every_tiers_lieu_is_there_once_with_its_commune(entrepot_reel: EntrepotReel, mirror: Path) -> None:
    oracle = places(mirror, FABRIQUES) | places(mirror, MANUFACTURES)
    found = entrepot_reel.frame("SELECT id_tiers_lieu, code_commune FROM {ecosystemes}.fait_tiers_lieux")
    communes = dict(found.itertuples(index=False))
    assert set(communes) == set(oracle) and len(found) == 493
    moved = {key for key, code in oracle.items() if communes[key] != code}
    assert {oracle[key] for key in moved} <= {"97801", "49069"}, (
        "Saint-Martin is out of the COG; one commune changed code"
    )


def test_tiers_lieux_of_france_and_of_a_departement(entrepot_reel: EntrepotReel, mirror: Path) -> None:
    codes = [*places(mirror, FABRIQUES).values(), *places(mirror, MANUFACTURES).values()]
    for niveau, code, expected in (
        ("france", "FR", sum(c != "97801" for c in codes)),
        ("departement", "13", sum(c.startswith("13") for c in codes)),
    ):
        rows = entrepot_reel.indicator("ecosystemes", "tiers_lieux", niveau, "2024-09-16")
        assert rows.loc[code if code in rows.index else rows.index[0], "numerateur"] == expected


def test_participations_are_kept_to_the_last_one(entrepot_reel: EntrepotReel, mirror: Path) -> None:
    with (mirror / ACTIVITE).open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    ages = [name for name in rows[0] if re.search("ans$", name)]
    oracle = sum(int(row[a]) for row in rows if re.fullmatch(r"\d{5}", row["CodePostal"]) for a in ages)
    found = entrepot_reel.frame(
        "SELECT SUM(nb_accompagnements) AS n, SUM(nb_accompagnements) FILTER (WHERE est_situe) AS situes "
        "FROM {usages}.fait_activite_conseillers"
    ).iloc[0]
    assert found.n == oracle
    france = entrepot_reel.indicator("usages", "conseillers_accompagnements", "france", "2023-07-17").iloc[0]
    assert france.numerateur == pytest.approx(float(found.situes), rel=1e-6)
    assert found.situes > 0.97 * oracle


def test_activity_by_postcode_is_never_told_of_a_commune(entrepot_reel: EntrepotReel) -> None:
    assert entrepot_reel.indicator("usages", "conseillers_accompagnements", "commune", "2023-07-17").empty


def test_houses_of_2018_are_reprojected_and_placed_only_at_their_door(entrepot_reel: EntrepotReel) -> None:
    frame = entrepot_reel.frame("SELECT * FROM {staging}.stg_cget__maisons_services_public")
    assert len(frame) in (978, 980) and frame.id_maison.is_unique
    placed = frame[frame.latitude.notna()]
    assert 200 < len(placed) < 300 and placed.est_porte_trouvee.all()
    mainland = placed[(placed.latitude > 41) & (placed.longitude.between(-5.2, 9.6))]
    assert len(mainland) >= len(placed) - 2


def test_isolation_is_that_of_the_neighbourhood(entrepot_reel: EntrepotReel) -> None:
    frame = entrepot_reel.frame(
        "SELECT l.id_lieu, COUNT(v.id_lieu) FILTER (WHERE v.id_lieu <> l.id_lieu) AS autres, "
        "BOOL_OR(l.est_isole) AS est_isole FROM {ecosystemes}.fait_lieux_ecosysteme AS l "
        "INNER JOIN {ecosystemes}.fait_lieux_ecosysteme AS v ON v.code_commune = l.code_commune GROUP BY l.id_lieu"
    )
    assert not frame[frame.autres > 0].est_isole.any()
    assert 0 < frame.est_isole.sum() < len(frame) / 4
