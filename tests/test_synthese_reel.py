"""The synthesis of real France, checked against plain SQL over the axes' tables."""

from __future__ import annotations

import numpy as np
import pytest

from models_ml.synthese.tables import load_tables
from tests.entrepot_reel import EntrepotReel


def test_every_commune_and_group_has_peers_of_its_level(entrepot_reel: EntrepotReel) -> None:
    found = entrepot_reel.frame(
        "SELECT t.niveau, COUNT(DISTINCT t.cle_territoire) AS territoires, COUNT(DISTINCT p.cle_territoire) AS servis, "
        "MAX(p.rang) AS voisins FROM {commun}.dim_territoires t LEFT JOIN {synthese}.pairs p USING (cle_territoire) "
        "WHERE t.niveau <> 'france' GROUP BY t.niveau"
    ).set_index("niveau")
    assert (found.servis >= 0.998 * found.territoires).all()
    assert found.voisins.loc[["commune", "epci", "departement", "region"]].tolist() == [20, 20, 10, 5]


def test_the_rank_in_france_is_that_of_a_window_function(entrepot_reel: EntrepotReel) -> None:
    wrong = entrepot_reel.frame(
        "WITH rangs AS (SELECT i.cle_territoire, RANK() OVER (PARTITION BY i.niveau ORDER BY i.valeur DESC) AS rang "
        "FROM {usages}.indicateurs_usages i JOIN {synthese}.reperes r USING (niveau, code_indicateur, millesime) "
        "WHERE i.code_indicateur = 'poste_contacts' AND i.couverture_population_pct >= 50 "
        "AND i.niveau <> 'territoire') "  # one's own territories are placed among the EPCI
        "SELECT COUNT(*) AS n FROM rangs JOIN {synthese}.comparaisons c USING (cle_territoire) "
        "WHERE c.code_indicateur = 'poste_contacts' AND c.rang_france IS DISTINCT FROM rangs.rang"
    )
    assert wrong.n[0] == 0


def test_the_rank_among_peers_is_counted_over_the_published_peers(entrepot_reel: EntrepotReel) -> None:
    wrong = entrepot_reel.frame(
        "SELECT COUNT(*) AS n FROM "
        "(SELECT c.cle_territoire, c.rang_pairs, 1 + COUNT(*) FILTER (WHERE v.valeur < c.valeur) "
        "AS compte FROM {synthese}.comparaisons c JOIN {synthese}.pairs p USING (cle_territoire) "
        "JOIN {synthese}.comparaisons v ON v.cle_territoire = p.cle_pair AND v.code_indicateur = c.code_indicateur "
        "WHERE c.code_indicateur = 'france_services_20_min' AND c.cle_territoire LIKE 'epci:%' "
        "GROUP BY c.cle_territoire, c.rang_pairs) x WHERE rang_pairs IS DISTINCT FROM compte"
    )
    assert wrong.n[0] == 0, "less is better"


def test_the_index_agrees_with_the_published_one_without_repeating_it(entrepot_reel: EntrepotReel) -> None:
    found = entrepot_reel.frame("SELECT * FROM {synthese}.fragilite_correlations")
    published = found[(found.variable_a == "indice") & (found.variable_b == "score_total")].spearman.iloc[0]
    assert 0.4 < published < 0.95
    assert not found.est_double_compte.any()
    index = entrepot_reel.frame("SELECT score, rang, rang_bas, rang_haut, ifn_publie FROM {synthese}.fragilite").astype(
        float
    )
    assert index.score.notna().mean() > 0.98
    both = index.dropna()
    assert both.score.corr(both.ifn_publie, method="spearman") == pytest.approx(published, abs=1e-9)
    assert np.median(both.rang_haut - both.rang_bas) > 100, "a rank without doubt would be a lie"


def test_every_territory_has_its_stakes_and_reasons(entrepot_reel: EntrepotReel) -> None:
    found = entrepot_reel.frame(
        "SELECT COUNT(DISTINCT cle_territoire) AS territoires, MIN(LENGTH(raison)) AS courte, COUNT(*) FILTER (WHERE "
        "raison ~ '[0-9]') AS chiffrees, COUNT(*) AS lignes FROM {synthese}.enjeux_prioritaires"
    ).iloc[0]
    total = entrepot_reel.frame("SELECT COUNT(*) AS n FROM {commun}.dim_territoires WHERE population > 0").n[0]
    assert found.territoires >= 0.999 * total and found.courte > 30 and found.chiffrees == found.lignes


def test_fibre_of_2018_is_not_carried_to_2025(entrepot_reel: EntrepotReel) -> None:
    found = entrepot_reel.frame(
        "SELECT etat, MAX(prevision_date) AS loin FROM {synthese}.suivi WHERE code_indicateur = 'fibre_raccordable' "
        "AND derniere_valeur < 99 GROUP BY etat"
    )
    assert "non mesurable" in set(found.etat) and "en retard" not in set(found.etat)
    assert str(found.loin.max()) < "2019-12-31"


def test_tables_are_commented_keyed_and_tied_to_commun(entrepot_reel: EntrepotReel) -> None:
    found = entrepot_reel.frame(
        "SELECT c.relname, OBJ_DESCRIPTION(c.oid, 'pg_class') AS texte, "
        "(SELECT COUNT(*) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
        " AND COL_DESCRIPTION(c.oid, a.attnum) IS NULL) AS muettes, "
        "(SELECT COUNT(*) FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p') AS cles, "
        "(SELECT COUNT(*) FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f') AS etrangeres "
        "FROM pg_class c WHERE c.relnamespace = '{synthese}'::regnamespace AND c.relkind = 'r'"
    ).set_index("relname")
    assert set(found.index) == {table.nom for table in load_tables()}
    assert (found.texte.str.startswith("Grain : ")).all() and (found.muettes == 0).all() and (found.cles == 1).all()
    assert found.etrangeres.pairs == 2 and found.etrangeres.comparaisons == 2 and found.etrangeres.suivi == 2
