"""The metrics layer, computed as a BI tool would, and a star that tells what it is: comments, keys, links."""

from __future__ import annotations

import re

import pytest
import yaml

from pilotage import metriques
from pilotage.database import psycopg_connection
from pilotage.generations import SCHEMAS
from pilotage.tables_publiees import TablePubliee, read_tables
from tests.entrepot_reel import EntrepotReel

# Tables without a link, and why: they are dimensions, or speak of what no dimension holds.
SANS_LIEN = {
    "commun.fait_mouvements_communes": "events between codes that may have vanished",
    "commun.fait_quartiers_prioritaires": "a quarter may lie in several communes: pont_quartiers_communes links it",
    "services.fait_ressources_ouvertes": "datasets of bodies that belong to no territory",
    "usages.fait_activite_conseillers": "postcodes, shared out by its own bridge",
    "commun.passage_communes": "former codes",
    "commun.pont_codes_postaux": "built before the territories, whose places it locates",
    "synthese.fragilite_correlations": "pairs of components",
    "synthese.fragilite_definitions": "components",
    "synthese.fragilite_incertitude": "draws",
}
SANS_CLE = {"commun.fait_mouvements_communes": "INSEE writes an event on several lines, some of them alike"}


@pytest.fixture(scope="module")
def definitions() -> dict:
    files = [metriques.DOSSIER / f"_{axe}.yml" for axe in metriques.AXES]
    parts = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in files]
    return {name: [one for part in parts for one in part[name]] for name in ("semantic_models", "metrics")}


@pytest.fixture(scope="module")
def tables(entrepot_recommande: EntrepotReel) -> list[TablePubliee]:
    with entrepot_recommande.opened(), psycopg_connection() as connection:
        return read_tables(connection, {s: f"{s}__{entrepot_recommande.generation}" for s in SCHEMAS})


def test_every_indicator_is_one_metric_and_no_rate_is_averaged(definitions) -> None:
    names = [m["name"] for m in definitions["metrics"] if m["type"] == "derived"]
    assert sorted(names) == sorted(row["code_indicateur"] for row in metriques.read_indicators())
    measures = [m for model in definitions["semantic_models"] for m in model["measures"]]
    assert {m["agg"] for m in measures} == {"sum"}
    assert {m["expr"] for m in measures} == {"numerateur", "denominateur"}


@pytest.mark.parametrize("code", ["fibre_derniere_connue", "france_services_20_min", "fragilite_totale"])
def test_a_metric_computed_from_its_definition_is_the_warehouse_s_own(
    definitions, entrepot_reel: EntrepotReel, code: str
) -> None:
    metric = next(m for m in definitions["metrics"] if m["name"] == code)
    parts = {part["alias"]: part for part in metric["type_params"]["metrics"]}
    axe = parts["numerateur"]["name"].rpartition("_")[2]
    where = re.sub(r"\{\{ Dimension\('\w+?__(\w+)'\) \}\}", r"i.\1", parts["numerateur"]["filter"])
    expression = metric["type_params"]["expr"]
    for part in parts:
        expression = re.sub(rf"\b{part}\b", f"sum(i.{part})", expression)
    query = (
        f"SELECT p.code_territoire, i.millesime, {expression} AS calculee, avg(i.valeur) AS moyenne_des_taux, "
        f"max(d.valeur) AS servie FROM {{{axe}}}.indicateurs_{axe} AS i "
        "JOIN {commun}.pont_communes_territoires AS p "
        "ON p.code_commune = i.code_territoire AND p.niveau = 'departement' "
        f"JOIN {{{axe}}}.indicateurs_{axe} AS d ON d.cle_territoire = p.cle_territoire "
        "AND d.code_indicateur = i.code_indicateur AND d.millesime = i.millesime "
        f"WHERE {where} GROUP BY 1, 2"
    )
    frame = entrepot_reel.frame(query)
    assert len(frame) >= 90
    assert ((frame.calculee - frame.servie).abs() <= 1e-9 * frame.servie.abs().clip(lower=1)).all()
    assert ((frame.moyenne_des_taux - frame.servie).abs() > 0.01).mean() > 0.9, "a mean of rates is something else"


def test_exposures_name_models_that_exist() -> None:
    exposures = yaml.safe_load((metriques.DOSSIER / "_exposes.yml").read_text(encoding="utf-8"))["exposures"]
    known = {path.stem for path in (metriques.DBT / "models" / "marts").rglob("*.sql")}
    for exposure in exposures:
        asked = {re.fullmatch(r"ref\('(\w+)'\)", one).group(1) for one in exposure["depends_on"]}
        assert asked <= known, exposure["name"]
    assert len({exposure["name"] for exposure in exposures}) == len(exposures) >= 17


def test_every_table_and_column_has_a_comment(tables) -> None:
    assert [t.nom_complet for t in tables if not t.description] == []
    assert [f"{t.nom_complet}.{c.nom}" for t in tables for c in t.colonnes if not c.description] == []


def test_every_table_has_its_key_and_every_fact_its_links(tables) -> None:
    assert {t.nom_complet for t in tables if not t.cle} == set(SANS_CLE)
    alone = {t.nom_complet for t in tables if not t.cles_etrangeres and not t.nom.startswith("dim_")}
    assert alone == set(SANS_LIEN)
    targets = {key.vers for table in tables for key in table.cles_etrangeres}
    assert {"commun.dim_territoires", "commun.dim_indicateurs", "commun.dim_actions", "commun.dim_services"} <= targets
