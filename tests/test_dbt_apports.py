"""What a territory brings, in the warehouse of real files: the examples that Pilotage ships, through the same way."""

from __future__ import annotations

import csv

import pytest

from pilotage.apports import EXEMPLES, cards

pytestmark = pytest.mark.lent
TABLES = {
    "gouvernance": "{ecosystemes}.fait_gouvernance",
    "partenaires": "{ecosystemes}.fait_partenaires",
    "actions": "{commun}.fait_actions_territoire",
    "objectifs": "{commun}.fait_objectifs",
    "priorites": "{commun}.fait_priorites",
    "consultations": "{commun}.fait_consultations",
    "compteurs": "{commun}.fait_compteurs",
    "frequentation": "{commun}.fait_frequentation",
}


def example(kind: str) -> list[dict[str, str]]:
    with (EXEMPLES / kind / "exemple.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=";"))


@pytest.mark.parametrize("kind", TABLES)
def test_every_line_brought_is_served_once_at_a_known_territory(entrepot_reel, kind: str) -> None:
    rows, lines = entrepot_reel.frame(f"SELECT * FROM {TABLES[kind]}"), example(kind)
    key = cards()[kind].tables[0].cle
    assert sorted(map(tuple, rows[key].astype(str).to_numpy())) == sorted(tuple(r[c] for c in key) for r in lines)
    assert rows["cle_territoire"].notna().all()


def test_territories_of_ones_own_may_overlap_and_add_up(entrepot_reel) -> None:
    own = entrepot_reel.frame(
        "SELECT p.code_territoire, p.code_commune, c.population, t.population AS total "
        "FROM {commun}.pont_communes_territoires AS p "
        "JOIN {commun}.dim_communes AS c ON c.code_commune = p.code_commune AND c.est_actuelle "
        "JOIN {commun}.dim_territoires AS t ON t.cle_territoire = p.cle_territoire WHERE p.niveau = 'territoire'"
    )
    declared = {(r["code_territoire"], r["code_commune"]) for r in example("territoires")}
    assert set(zip(own.code_territoire, own.code_commune, strict=True)) == declared
    assert own.code_commune.duplicated().any()  # one commune in two territories
    sums = own.groupby("code_territoire").agg(population=("population", "sum"), total=("total", "first"))
    assert (sums.population == sums.total).all()


def test_an_indicator_of_a_territory_of_ones_own_is_that_of_its_communes(entrepot_reel) -> None:
    found = entrepot_reel.frame(
        "SELECT i.code_indicateur, i.millesime, i.numerateur, i.denominateur, m.numerateur AS somme, "
        "m.denominateur AS base FROM {usages}.indicateurs_usages AS i JOIN ("
        "SELECT c.code_indicateur, c.millesime, p.cle_territoire, SUM(c.numerateur) AS numerateur, "
        "SUM(c.denominateur) AS denominateur FROM {usages}.indicateurs_usages AS c "
        "JOIN {commun}.pont_communes_territoires AS p ON p.code_commune = c.code_territoire "
        "WHERE c.niveau = 'commune' AND p.niveau = 'territoire' GROUP BY 1, 2, 3) AS m "
        "ON m.cle_territoire = i.cle_territoire AND m.code_indicateur = i.code_indicateur AND m.millesime = i.millesime"
    )
    assert found.code_indicateur.nunique() >= 10
    assert (found.numerateur - found.somme).abs().max() < 1e-6
    assert (found.denominateur - found.base).abs().max() < 1e-6


def test_no_column_about_a_person_leaves_raw(entrepot_reel) -> None:
    personal = sorted({column for card in cards().values() for _, column in card.personnelles})
    names = ", ".join(f"'{name}'" for name in personal)
    found = entrepot_reel.frame(
        "SELECT table_schema, table_name, column_name FROM information_schema.columns "
        f"WHERE column_name IN ({names}) AND table_schema LIKE '%{entrepot_reel.generation}'"
    )
    assert len(personal) == 3 and found.empty


def test_what_the_territory_brought_measures_its_governance_and_nobody_else_s(entrepot_reel) -> None:
    measures = entrepot_reel.frame("SELECT * FROM {staging}.int_mesures_apports ORDER BY code_commune")
    communes = {r["code_commune"] for r in example("territoires") if r["code_territoire"] == "plaine-de-l-ain"}
    assert set(measures.code_commune) == communes
    colleges = measures[measures.code_indicateur == "colleges_representes"]
    share = colleges.numerateur / colleges.denominateur
    assert share.between(5 / 6 - 1e-9, 1).all()  # one mandate of the example ends in 2025
    answers = measures[measures.code_indicateur == "consultations_reponses"].numerateur.sum()
    assert answers == pytest.approx(sum(int(r["nb_reponses"]) for r in example("consultations")))
