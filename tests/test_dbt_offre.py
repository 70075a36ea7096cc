"""Services on real files: their places against the delivered files, and recommendations that add up, read by SQL."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from models_ml.services import load_services, read_table
from tests.entrepot_reel import EntrepotReel
from tests.test_dbt_equipements import is_arrondissement, read_wide

PARTICULIERS = "equip-serv-particuliers-com-2021.csv"
MEDICAL = "equip-serv-medical-para-com-2021.csv"


def rows_of(path: Path, separator: str = ";") -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines, delimiter=separator))


@pytest.fixture(scope="module")
def offre(entrepot_recommande: EntrepotReel) -> pd.DataFrame:
    return entrepot_recommande.frame("SELECT * FROM {commun}.fait_offre_services")


def test_places_are_those_of_the_lists(offre: pd.DataFrame, mirror: Path) -> None:
    post = rows_of(mirror / "laposte__points_contact/2020-12/laposte_poincont2.csv")
    houses = rows_of(next((mirror / "drees__maternites/2023").glob("*.csv")))
    last = max(row["ANNEE"] for row in houses)
    labelled = rows_of(mirror / "anct__france_services/2024-08-01/liste-fs-20240801.csv", ",")
    counts = offre.service.value_counts()
    assert counts["poste"] == len(post)
    assert counts["maternite"] == len({row["FI_ET"] for row in houses if row["ANNEE"] == last})
    assert counts["france_services"] == len(labelled) == counts["caf"] == counts["cpam"]


@pytest.mark.parametrize(
    ("service", "fichier", "types"),
    [
        ("france_travail", PARTICULIERS, ["A122"]),
        ("annexe_mairie", PARTICULIERS, ["A129"]),
        ("tresor_public", PARTICULIERS, ["A120", "A121"]),
        ("gendarmerie", PARTICULIERS, ["A101", "A104"]),
    ],
)
def test_counts_of_equipment_are_conserved(
    offre: pd.DataFrame, mirror: Path, service: str, fichier: str, types
) -> None:
    delivered = read_wide(mirror, fichier)
    delivered = delivered[~is_arrondissement(delivered.index)][types].sum().sum()
    assert offre[offre.service == service].nombre.sum() == pytest.approx(delivered)


def test_a_health_centre_weighs_as_declared(offre: pd.DataFrame, mirror: Path) -> None:
    doctors = read_wide(mirror, MEDICAL)
    doctors = doctors[~is_arrondissement(doctors.index)].D201.sum()
    mine = offre[offre.service == "medecin"]
    centres = mine.nombre.sum() - doctors
    weight = {
        row["nature"]: float(row["capacite"]) for row in read_table("services_offre.csv") if row["service"] == "medecin"
    }
    assert centres > 0
    assert mine.capacite.sum() == pytest.approx(doctors * weight["D201"] + centres * weight["D108"])


def test_every_service_has_places_and_its_reference_is_near_what_they_give(offre: pd.DataFrame) -> None:
    """The declared ratio says where it comes from, the national mean of these places: it must not have drifted."""
    units = offre.groupby("service").capacite.sum()
    for code, service in load_services().items():
        assert 0.9 < service.habitants_par_unite * units[code] / 67.8e6 < 1.1, code


def test_doors_are_in_communes_of_today(offre: pd.DataFrame, entrepot_recommande: EntrepotReel) -> None:
    codes = entrepot_recommande.frame("SELECT code_commune FROM {commun}.dim_communes WHERE est_actuelle").code_commune
    assert offre.code_commune.dropna().isin(codes).all()
    lost = offre[offre.code_commune.isna() & offre.latitude.isna()]
    assert len(lost) < 0.005 * len(offre)


def test_recommendations_pass_their_gate(entrepot_recommande: EntrepotReel) -> None:
    from pilotage.gate import gate_axe

    with entrepot_recommande.opened():
        assert gate_axe(entrepot_recommande.generation, "recommandation").refusees == []


def test_what_a_plan_gains_is_the_sum_of_its_sites(entrepot_recommande: EntrepotReel) -> None:
    frame = entrepot_recommande.frame(
        "SELECT p.id_plan, p.prouve, p.population_couverte_apres - p.population_couverte_avant AS gain, "
        "SUM(s.population_gagnee) AS sites, COUNT(*) AS nb, MAX(p.p) AS p FROM {recommandation}.plans AS p "
        "INNER JOIN {recommandation}.plans_sites AS s ON s.id_plan = p.id_plan GROUP BY p.id_plan, p.prouve, 3"
    )
    assert len(frame) >= 30 and frame.prouve.all()
    assert (frame.gain.astype(float) - frame.sites.astype(float)).abs().max() <= frame.nb.max()
    assert (frame.nb <= frame.p).all()


def test_people_left_far_are_those_of_the_access_table(entrepot_recommande: EntrepotReel) -> None:
    """Summed again in SQL from the minutes of each commune, for every service and both thresholds."""
    frame = entrepot_recommande.frame(
        "WITH loin AS (SELECT a.service, SUM(CASE WHEN a.temps_min <= s.seuil_min THEN 0 ELSE c.population END) AS n "
        "FROM {recommandation}.acces AS a INNER JOIN {commun}.dim_services AS s ON s.service = a.service "
        "INNER JOIN {commun}.dim_communes AS c ON c.code_commune = a.code_commune AND c.est_actuelle "
        "WHERE a.methode <> 'position de la commune inconnue' GROUP BY a.service) "
        "SELECT l.service, l.n, e.valeur FROM loin AS l INNER JOIN {commun}.dim_services AS s ON s.service = l.service "
        "INNER JOIN {recommandation}.evaluation AS e ON e.service = l.service AND e.modele = 'reseau' "
        "AND e.jeu IN ('acces', 'acces_avec_bus') AND e.mesure = 'population_au_dela_' || s.seuil_min || '_min'"
    )
    assert len(frame) == len(load_services())
    assert (frame.n.astype(float) - frame.valeur).abs().max() < 1


def test_a_service_whose_places_are_not_all_known_never_opens(entrepot_recommande: EntrepotReel) -> None:
    frame = entrepot_recommande.frame(
        "SELECT DISTINCT d.action FROM {recommandation}.decisions AS d INNER JOIN {commun}.dim_services AS s "
        "ON s.service = d.service WHERE s.offre_observee = 'partielle'"
    )
    assert set(frame.action) == {"maintenir", "a_instruire"}
