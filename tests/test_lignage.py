"""dbt's manifest read in the terms of the cards: keys, units, sources, personal columns."""

from __future__ import annotations

import pytest

from pilotage.catalogue import load_catalogue
from pilotage.errors import ErreurPublication
from pilotage.lignage import public_schema, read_lignage
from pilotage.tables_publiees import CleEtrangere
from tests.entrepot_exemple import G1, MODELES, write_manifest


def a_test(name: str, model: str, arguments: dict, parents: list[str] | None = None) -> dict:
    return {
        "unique_id": f"test.pilotage.{name}.{model}",
        "attached_node": model,
        "test_metadata": {"name": name, "kwargs": {"model": "{{ x }}", **arguments}},
        "depends_on": {"nodes": [model, *(parents or [])]},
    }


@pytest.fixture
def lignage(tmp_path):
    lieux, communes = "model.pilotage.fait_lieux", "model.pilotage.dim_communes"
    tests = [
        a_test("cle_unique", lieux, {"colonnes": ["id_lieu", "millesime"]}),
        a_test("relationships", lieux, {"column_name": "code_commune", "field": "code_commune"}, [communes]),
        a_test("unique", communes, {"column_name": "code_commune"}),
    ]
    write_manifest(tmp_path / G1, MODELES, {test["unique_id"]: test for test in tests})
    return read_lignage(tmp_path, G1, load_catalogue())


def test_keys_declared_as_dbt_tests_are_found(lignage):
    key = CleEtrangere(("code_commune",), "commun.dim_communes", ("code_commune",))
    assert lignage.keys_of("usages.fait_lieux") == (("id_lieu", "millesime"), (key,))
    assert lignage.keys_of("commun.dim_communes") == (("code_commune",), ())
    assert lignage.keys_of("recommandation.decisions") == ((), ())


def test_sources_are_followed_through_every_model(lignage):
    names = [card.source for card in lignage.sources_of("usages.fait_lieux")]
    assert names == ["anct__aidants_connect", "anct__france_services", "insee__communes", "osm__centres_communes"]
    assert [card.source for card in lignage.sources_of("commun.dim_communes")] == ["insee__communes"]
    assert len(lignage.sources_of("recommandation.decisions")) == 4


def test_personal_columns_are_followed_under_their_new_names(lignage):
    assert lignage.personal_columns("staging.stg_fs") == {"contact"}
    assert lignage.personal_columns("usages.fait_lieux") == set()  # only `contact IS NOT NULL` goes on
    assert {"mail", "telephone"} <= lignage.personal_columns("recommandation.decisions")


def test_units_come_from_the_columns_meta(lignage):
    node = lignage.noeuds["model.pilotage.fait_lieux"]
    node["columns"] = {"surface": {"meta": {"unite": "m²"}}, "nom": {"meta": {}}, "duree": {"config": {"meta": {}}}}
    assert lignage.units_of("usages.fait_lieux") == {"surface": "m²"}


def test_the_compiled_text_of_a_model_wins_over_a_manifest_without_it(tmp_path):
    write_manifest(tmp_path / G1 / "usages", MODELES)
    bare = {name: ("", parents) for name, (_, parents) in MODELES.items()}
    write_manifest(tmp_path / G1 / "zzz_last", bare)
    found = read_lignage(tmp_path, G1, load_catalogue())
    assert found.noeuds["model.pilotage.stg_fs"]["compiled_code"].startswith("SELECT id_fs")


def test_a_manifest_that_is_not_json_is_named(tmp_path):
    (tmp_path / G1).mkdir()
    (tmp_path / G1 / "manifest.json").write_text("{")
    with pytest.raises(ErreurPublication, match=r"manifest\.json"):
        read_lignage(tmp_path, G1, load_catalogue())


def test_a_generation_s_schema_has_its_public_name():
    assert [public_schema(name) for name in (f"commun__{G1}", "commun")] == ["commun", "commun"]
