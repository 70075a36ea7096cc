"""The synthesis on a small made-up country: peers, ranks, fragility, stakes, follow-up, what each refuses to say."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from models_ml.synthese.calcul import compute
from models_ml.synthese.comparaisons import _among_peers, _in_france
from models_ml.synthese.etats import EN_BONNE_VOIE, EN_RETARD, NON_MESURABLE, REGLES, SELOIGNE
from models_ml.synthese.fragilite import compute_fragilite
from models_ml.synthese.incertitude import Modele, rank, variance_share
from models_ml.synthese.indice import AGREGATIONS, NORMALISATIONS, aggregate, normalise, read_composantes, weights
from models_ml.synthese.lignes import declare_rows
from models_ml.synthese.page import TABLES, render
from models_ml.synthese.pairs import nearest
from models_ml.synthese.parametres import load_parametres
from models_ml.synthese.suivi import Serie, decide, fit
from models_ml.synthese.tables import load_tables
from tests.pays_fictif import country

CHOIX = load_parametres()
PERDUES = ("locaux", "locaux_recents", "revenu_median_eur", "part_65_ans_pct", "part_peu_diplomes_pct")


def build_frames(result) -> dict[str, pl.DataFrame]:
    return {name: pl.concat(list(make())) for name, make in declare_rows(result).items()}


def _days(*texts: str) -> np.ndarray:
    return np.array(texts, dtype="datetime64[D]")


@pytest.fixture(scope="module")
def result():
    return compute(country(), CHOIX)


def test_same_marts_give_the_same_tables(result) -> None:
    again = build_frames(compute(country(), CHOIX))
    for name, frame in build_frames(result).items():
        assert frame.equals(again[name]), name


def test_every_declared_column_is_computed_and_every_key_is_unique(result) -> None:
    frames = build_frames(result)
    for table in load_tables():
        frame = frames[table.nom]
        assert {c.nom for c in table.colonnes} <= set(frame.columns), table.nom
        assert frame.select(table.cle).is_duplicated().sum() == 0, table.nom
        for column in table.colonnes:
            if not column.vide:
                assert frame[column.nom].null_count() == 0, f"{table.nom}.{column.nom}"


def test_peers_are_the_nearest_by_brute_force() -> None:
    rng = np.random.default_rng(3)
    profiles = rng.normal(size=(80, 5))
    found, apart = nearest(profiles, np.arange(80), np.arange(80), 5, 3)
    standard = (profiles - profiles.mean(0)) / profiles.std(0)
    distance = np.sqrt(((standard[:, None] - standard[None]) ** 2).sum(-1) / 5)
    np.fill_diagonal(distance, np.inf)
    assert np.allclose(np.sort(distance, axis=1)[:, :5], apart)
    assert all(i not in row for i, row in enumerate(found))


def test_a_territory_without_income_is_compared_on_the_rest() -> None:
    profiles = np.random.default_rng(4).normal(size=(40, 5))
    profiles[0, 3] = np.nan
    found, apart = nearest(profiles, np.arange(40), np.arange(40), 5, 3)
    assert (found[0] > 0).all() and np.isfinite(apart[0]).all()
    profiles[1, :3] = np.nan
    assert (nearest(profiles, np.array([1]), np.arange(40), 5, 3)[0] == -1).all(), "two variables are too few"


def test_twins_are_never_their_own_peer() -> None:
    found, _ = nearest(np.ones((10, 5)), np.arange(10), np.arange(10), 4, 3)
    assert all(i not in row and len(set(row)) == 4 for i, row in enumerate(found))


def test_rank_and_quantile_among_peers_and_in_france() -> None:
    values = np.array([5.0, 1, 2, 5, 9, np.nan])
    neighbours = np.array([[1, 2, 3, 4, 5]] * 6)
    rank_, number, quantile, median = _among_peers(values, neighbours, 4)
    assert (rank_[0], number[0], quantile[0], median[0]) == (2, 4, 1 - 1.5 / 4, 3.5)
    assert np.isnan(rank_[5]), "what is not observed is not ranked"
    assert np.isnan(_among_peers(values, neighbours, 5)[0]).all(), "too few peers observed"
    place = _in_france(values, values, own=True)
    assert place[0].tolist()[:5] == [2, 5, 4, 2, 1]
    assert place[1][0] == 5 and place[2][4] == 1 and place[2][1] == 0 and place[2][0] == pytest.approx(0.625)


def test_better_values_never_rank_lower(result) -> None:
    frame = build_frames(result)["comparaisons"].filter(pl.col("code_indicateur") == "eloigne", pl.col("nb_france") > 1)
    ordered = frame.sort("valeur")
    assert ordered["rang_france"].is_sorted() and ordered["quantile_france"].is_sorted(descending=True), (
        "less is better"
    )


def test_normalisations_and_aggregations() -> None:
    values = np.array([[0.0, 1], [5, np.nan], [10, 3]])
    assert normalise(values, "centiles", (0, 100)).tolist()[0] == [0, 0]
    assert normalise(values, "rang", (0, 100))[2].tolist() == [100, 100]
    scores = np.array([[100.0, 1.0], [50, 50], [np.nan, 30]])
    half = np.array([0.5, 0.5])
    assert aggregate(scores, half, "arithmetique", 1).tolist() == [50.5, 50, 30], "a missing part is not a zero"
    assert aggregate(scores, half, "geometrique", 1) == pytest.approx([10, 50, 30]), "no full compensation"


def test_the_fast_index_of_the_draws_is_the_plain_one() -> None:
    communes, rules = country().communes, CHOIX.fragilite
    holed = communes.with_columns(
        pl.when(pl.col("code_commune") < "00020").then(None).otherwise("revenu_median_eur").alias("revenu_median_eur")
    )
    parts = read_composantes(holed, rules)
    model = Modele(parts, np.arange(len(communes)), communes["niveau_densite"].to_numpy(), rules)
    for scale in NORMALISATIONS:
        plain = normalise(parts.valeurs, scale, rules.centiles_bornes)
        for mean in AGREGATIONS:
            expected = aggregate(plain, weights("experts", parts, rules), mean, rules.plancher_geometrique)
            assert model.index(scale, "experts", mean) == pytest.approx(expected)


def test_fragility_says_what_it_leaves_out_and_how_sure_it_is(result) -> None:
    table = result.fragilite
    dropped = table.definitions.filter(~pl.col("est_retenue"))
    assert set(dropped["composante"]) == {"pauvrete"}
    assert dropped["motif_ecart"].null_count() == 0
    kept = table.definitions.filter(pl.col("est_retenue"))
    for column in ("poids_dimensions", "poids_egales", "poids_acp", "poids_experts"):
        assert kept[column].sum() == pytest.approx(1)
    ranked = table.indice.drop_nulls("rang")
    assert (ranked["rang_bas"] <= ranked["rang_median"]).all() and (ranked["rang_median"] <= ranked["rang_haut"]).all()
    assert sorted(ranked["rang"].to_list()) == list(range(1, len(ranked) + 1))
    assert set(table.incertitude["choix"]) == {"normalisation", "ponderation", "agregation", "manquants", "exclusion"}


def test_above_the_commune_people_of_the_fragile_fifth_are_counted_with_bounds(result) -> None:
    line = build_frames(result)["fragilite_territoires"].row(0, named=True)
    index, people = result.fragilite.indice, result.marts.communes["population"]
    assert line["cle_territoire"] == "france:FR" and line["nb_communes_classees"] == index["rang"].count()
    assert line["population_cinquieme"] == people.filter(index["rang"] <= index["rang"].count() / 5).sum()
    assert line["part_cinquieme_basse_pct"] <= line["part_cinquieme_pct"] <= line["part_cinquieme_haute_pct"]


def test_a_commune_that_lacks_too_much_has_no_index() -> None:
    marts = country()
    first, lost = (
        pl.col("code_commune") == "00001",
        PERDUES,
    )
    poor = marts.communes.with_columns(*(pl.when(first).then(None).otherwise(pl.col(c)).alias(c) for c in lost))
    line = compute_fragilite(poor, CHOIX).indice.filter(first).row(0, named=True)
    assert line["score"] is None and line["rang"] is None and line["nb_composantes"] == 1
    assert "Niveau de vie" in line["composantes_manquantes"]


def test_a_component_said_twice_is_reported() -> None:
    communes = country().communes
    twice = communes.with_columns((pl.col("locaux_30_et_plus") * 0.9).alias("locaux_fibre"))
    found = compute_fragilite(twice, CHOIX).correlations.filter("est_double_compte")
    assert set(found.select("variable_a", "variable_b").row(0)) == {"sans_30_mbits", "sans_fibre"}


def test_variance_share_of_a_choice_that_decides_everything_is_all() -> None:
    ranks = np.array([[1, 2], [2, 1], [1, 2], [2, 1]], dtype=np.uint16)
    assert variance_share(ranks, np.array(["a", "b", "a", "b"])) == pytest.approx(100)
    assert variance_share(ranks, np.array(["a", "a", "b", "b"])) == pytest.approx(0)
    assert rank(np.array([3.0, np.nan, 9])).tolist() == [2, 3, 1]


def test_stakes_are_ranked_once_each_with_a_sentence(result) -> None:
    frame = build_frames(result)["enjeux_prioritaires"]
    assert set(frame["code_action"]) == {"reseau", "aide"}, "an action that nothing measures has no row"
    for ranks in frame.group_by("cle_territoire").agg("rang")["rang"]:
        assert sorted(ranks) == list(range(1, len(ranks) + 1))
    line = frame.filter(pl.col("cle_territoire") == "commune:00001", pl.col("code_action") == "reseau")["raison"][0]
    assert line.startswith("Population éloignée : 100 % de la population au 30/06/2023, contre ")
    assert "en médiane de 20 communes comparables (" in line and "habitants concernés" in line


def test_a_territory_s_priority_moves_its_stake_up_or_out() -> None:
    def order(weight: float) -> list[str]:
        marts = country(priorites=[(0, "aide", weight)])
        frame = build_frames(compute(marts, CHOIX))["enjeux_prioritaires"]
        return frame.filter(pl.col("cle_territoire") == "commune:00001").sort("rang")["code_action"].to_list()

    assert order(5.0)[0] == "aide" and order(0.0)[-1] == "aide"


def test_worse_values_never_lower_a_stake() -> None:
    marts = country()
    worse = marts.mesures.with_columns(
        pl.when((pl.col("territoire") == 30) & (pl.col("indicateur") == 1))
        .then(200.0)
        .otherwise(pl.col("valeur"))
        .alias("valeur")
    )
    key = pl.col("cle_territoire") == "commune:00031", pl.col("code_action") == "reseau"
    before = build_frames(compute(marts, CHOIX))["enjeux_prioritaires"].filter(*key)["score"][0]
    other = replace(marts, mesures=worse)
    assert build_frames(compute(other, CHOIX))["enjeux_prioritaires"].filter(*key)["score"][0] >= before


def test_follow_up_forecasts_from_three_dates_and_meets_the_target(result) -> None:
    frame = build_frames(result)["suivi"]
    assert set(frame["code_indicateur"]) == {"couvert"}, "one date and no target: not measurable, so no row"
    line = frame.filter(pl.col("cle_territoire") == "commune:00001").row(0, named=True)
    assert line["nb_dates"] == 3 and line["tendance_par_an"] == pytest.approx(10, abs=0.05)
    assert line["prevision"] == pytest.approx(60, abs=0.2)
    assert line["prevision_basse"] <= line["prevision"] <= line["prevision_haute"]
    assert line["etat"] == EN_RETARD and line["cible_origine"] == "Plan national"
    assert line["serie"].startswith('[["2021-12-31", 20.0], ["2022-12-31"')


def test_a_territory_s_own_target_comes_first() -> None:
    own = [(0, 0, dt.date(2025, 12, 31), 55.0, "plan du territoire")]
    frame = build_frames(compute(country(objectifs=own), CHOIX))["suivi"]
    line = frame.filter(pl.col("cle_territoire") == "commune:00001").row(0, named=True)
    assert (line["cible"], line["cible_origine"], line["etat"]) == (55.0, "plan du territoire", EN_BONNE_VOIE)


def test_the_line_and_its_interval_are_those_of_least_squares() -> None:
    rng = np.random.default_rng(8)
    days = _days("2020-01-01", "2021-01-01", "2022-07-01", "2023-01-01", "2024-01-01")
    values = rng.normal(50, 5, (3, 5))
    values[1, 2] = np.nan
    ahead = np.full(3, np.datetime64("2025-01-01"))
    line = fit(Serie(days, values), ahead, CHOIX.suivi)
    time = days.astype(float) / 365.25
    for i in range(3):
        known = ~np.isnan(values[i])
        slope, intercept = np.polyfit(time[known], values[i][known], 1)
        assert line.pente[i] == pytest.approx(slope)
        assert line.prolongement[i] == pytest.approx(intercept + slope * ahead[0].astype(float) / 365.25)
    assert (line.basse < line.prolongement).all() and (line.prolongement < line.haute).all()
    two = fit(Serie(days[:2], values[:, :2]), ahead, CHOIX.suivi)
    assert np.isnan(two.basse).all() and not np.isnan(two.pente).any(), "two points make a slope, not an interval"


@pytest.mark.parametrize(
    ("last", "target", "slope", "ahead", "due", "peers", "state"),
    [
        (100, 100, 0.0, 100, "2025-12-31", 1.0, EN_BONNE_VOIE),
        (50, 100, 30.0, 110, "2025-12-31", 1.0, EN_BONNE_VOIE),
        (50, 100, 5.0, 60, "2025-12-31", 1.0, EN_RETARD),
        (50, 100, -5.0, 40, "2025-12-31", 1.0, SELOIGNE),
        (50, 100, 5.0, 60, "2020-12-31", 1.0, EN_RETARD),
        (50, np.nan, 5.0, 60, "NaT", 4.0, EN_BONNE_VOIE),
        (50, np.nan, 3.0, 60, "NaT", 4.0, EN_RETARD),
        (50, np.nan, 0.0, 50, "NaT", 0.0, NON_MESURABLE),
        (50, np.nan, np.nan, np.nan, "NaT", np.nan, NON_MESURABLE),
    ],
)
def test_how_the_state_is_decided(last, target, slope, ahead, due, peers, state) -> None:
    one = np.array([1.0])
    found, reason = decide(
        last * one, target * one, slope * one, ahead * one, _days(due), _days("2023-12-31"),
        np.array([1 if np.isnan(slope) else 3]), tolerance=0.1 * one, pairs=peers * one,
        au_mieux=np.array([False]), prevoyable=np.array([True]),
    )  # fmt: skip
    assert found[0] == state and (found[0], reason[0]) in REGLES


def test_a_line_is_not_carried_far_beyond_the_known_dates() -> None:
    marts = country()
    far = marts.indicateurs.with_columns(pl.lit(dt.date(2040, 12, 31)).alias("cible_date"))
    other = replace(marts, indicateurs=far)
    frame = build_frames(compute(other, CHOIX))["suivi"]
    assert set(frame["etat"]) == {NON_MESURABLE} and (frame["prevision_date"].dt.year() == 2024).all()


def test_the_page_tells_the_components_the_doubt_and_the_published_index(result) -> None:
    frames = build_frames(result)
    page = render({name: frames[name].to_pandas() for name in TABLES}, simulated=True)
    for title in ("## Composantes", "## Règles", "## Ce que vaut un rang", "## Doubles comptes", "## Face à l'indice"):
        assert title in page
    assert "**Données simulées**" in page and "nan" not in page.lower().replace("manant", "")
