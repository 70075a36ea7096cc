"""Scores and rules: need and access never turn against those who lack them, and every figure is said."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_ml import parametres
from models_ml.decision import Tirages, actions_of, apply_rules, smallest_flip, stability
from models_ml.mots import mesure, nombre
from models_ml.raisons import flip_sentence, rule_reasons
from models_ml.scores import Score, composite, dematerialisable, priority
from models_ml.services import indices_of, load_service
from pilotage.errors import ErreurRecommandation

INDICES = indices_of("france_services")
DECISION = parametres.load_decision()


def frame_of(index, value: float) -> pd.DataFrame:
    """One row where every component sits at `value` between its anchors."""
    return pd.DataFrame({c.colonne: [c.zero + value * (c.un - c.zero)] for c in index.composantes.values()})


def measures(**given) -> dict[str, np.ndarray]:
    base = {
        "site_sur_place": 0,
        "temps_min": 30,
        "temps_sans_site_min": 40,
        "temps_plan_min": np.inf,
        "temps_plan_sans_elle_min": np.inf,
        "retenue_par_le_plan": 0,
        "population_a_desservir": 2000,
        "temps_mediateur_min": 50,
        "temps_hote_min": 50,
        "dematerialisable": 0.3,
        "dematerialisable_bas": 0.2,
        "aptitude_numerique": 0.5,
        "aptitude_numerique_bas": 0.4,
    }
    return {name: np.array([value], float) for name, value in {**base, **given}.items()}


def action(**given) -> str:
    return actions_of(apply_rules(measures(**given), DECISION), DECISION)[0]


@pytest.mark.parametrize("name", list(INDICES))
@pytest.mark.parametrize("value", [0.0, 0.37, 1.0])
def test_a_score_is_the_weighted_mean_inside_its_bounds(name, value):
    score = composite(frame_of(INDICES[name], value), INDICES[name])
    assert score.valeur[0] == pytest.approx(value)
    assert 0 <= score.bas[0] <= score.valeur[0] <= score.haut[0] <= 1
    assert score.couverture[0] == pytest.approx(1)


@pytest.mark.parametrize("name", list(INDICES))
def test_a_missing_component_widens_the_interval_and_is_never_zero(name):
    index = INDICES[name]
    whole = composite(frame_of(index, 0.8), index)
    for key, component in index.composantes.items():
        part = composite(frame_of(index, 0.8).assign(**{component.colonne: np.nan}), index)
        assert part.valeur[0] == pytest.approx(0.8)
        assert part.haut[0] - part.bas[0] > whole.haut[0] - whole.bas[0]
        assert part.couverture[0] == pytest.approx(1 - component.poids)
        assert part.missing_labels(list(index.composantes))[0] == [key]


def test_nothing_known_is_no_score_and_the_whole_interval():
    score = composite(pd.DataFrame(index=[0]), INDICES["besoin"])
    assert np.isnan(score.valeur[0])
    assert (score.bas[0], score.haut[0], score.couverture[0]) == (0, 1, 0)


@given(st.data())
@settings(deadline=None, max_examples=80)
def test_more_need_or_less_access_never_lowers_the_priority(data):
    rows = []
    for name in ("besoin", "deficit_acces"):
        index = INDICES[name]
        at = {c.colonne: data.draw(st.floats(0, 1)) for c in index.composantes.values()}
        worse = {column: min(1.0, value + data.draw(st.floats(0, 1))) for column, value in at.items()}
        anchors = {c.colonne: c for c in index.composantes.values()}
        frame = pd.DataFrame(
            [
                {k: anchors[k].zero + v * (anchors[k].un - anchors[k].zero) for k, v in case.items()}
                for case in (at, worse)
            ]
        )
        rows.append(composite(frame, index))
    for bound in priority(*rows):
        assert bound[1] >= bound[0] - 1e-12


@given(st.floats(0, 120), st.floats(0, 60))
@settings(deadline=None, max_examples=60)
def test_a_longer_trip_never_makes_access_enough(minutes, more):
    if action(temps_min=minutes) != "maintenir":
        assert action(temps_min=minutes + more) != "maintenir"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"site_sur_place": 1, "temps_min": 3}, "maintenir"),
        ({"temps_min": 20}, "maintenir"),
        ({"temps_min": 20.1, "temps_hote_min": 8}, "guichet_partage"),
        ({"temps_hote_min": 8, "population_a_desservir": 100}, "itinerance"),
        ({"retenue_par_le_plan": 1, "temps_plan_min": 4}, "implanter"),
        ({"temps_plan_min": 12}, "maintenir"),
        ({"dematerialisable_bas": 0.8, "aptitude_numerique_bas": 0.75}, "dematerialiser"),
        ({"dematerialisable_bas": 0.8, "aptitude_numerique_bas": 0.75, "site_sur_place": 1}, "maintenir"),
        ({"dematerialisable": 0.65, "temps_mediateur_min": 9}, "dematerialiser_avec_mediation"),
        ({"dematerialisable": 0.65, "temps_mediateur_min": 9, "aptitude_numerique": 0.2}, "itinerance"),
    ],
)
def test_the_rule_table_reads_as_it_is_written(given, expected):
    assert action(**given) == expected


def test_reasons_say_the_figures_and_the_thresholds():
    at = measures(temps_min=27, temps_hote_min=8, population_a_desservir=1234)
    rule = apply_rules(at, DECISION)[0]
    text = " ".join(rule_reasons(rule, 0, at, DECISION))
    for words in ("27 min (seuil : 20 min)", "8 min (seuil : 10 min)", "1\u202f234 habitants (seuil : 500 habitants)"):
        assert words in text


def test_flip_is_the_smallest_change_and_does_flip():
    at = measures(temps_min=23, temps_hote_min=2, population_a_desservir=5000)
    flip = smallest_flip(at, DECISION)
    condition = list(DECISION.conditions.values())[flip.condition[0]]
    assert (condition.mesure, flip.action[0]) == ("temps_min", "maintenir")
    assert action(temps_min=20, temps_hote_min=2, population_a_desservir=5000) == "maintenir"
    assert "descendait à 20 min (aujourd'hui 23 min)" in flip_sentence(0, flip, at, DECISION)


def test_a_closing_site_sends_people_to_the_second_nearest():
    near = smallest_flip(measures(site_sur_place=1, temps_min=2, temps_sans_site_min=9), DECISION)
    far = smallest_flip(measures(site_sur_place=1, temps_min=2, temps_sans_site_min=45), DECISION)
    assert near.condition[0] == -1
    assert far.action[0] == "itinerance"


def draws(at, low: float = 0.8, high: float = 1.25) -> Tirages:
    bounds = {"aptitude_numerique": (at["aptitude_numerique_bas"], at["aptitude_numerique"] + 0.1)}
    return Tirages(bounds, {"rapide": low, "central": 1.0, "lent": high}, {}, 1)


def test_stability_is_whole_far_from_the_thresholds_and_split_on_them():
    far, near = measures(temps_min=90), measures(temps_min=20)
    assert stability(far, draws(far), DECISION)[0][0] == 1
    share, rival = stability(near, draws(near), DECISION)
    assert 0.2 < share[0] < 0.8
    assert rival[0] == "itinerance"


def test_draws_are_the_same_twice_and_stay_inside_their_bounds():
    at = measures(temps_min=20)
    one, two = (draws(at).draw(5, at, DECISION) for _ in range(2))
    assert all(np.array_equal(one[name], two[name]) for name in one)
    values = [draws(at).draw(k, at, DECISION)["aptitude_numerique"][0] for k in range(50)]
    assert 0.4 <= min(values) < max(values) <= 0.6


def test_service_score_is_declared_and_ordered():
    score = dematerialisable(load_service("france_services"), 3)
    assert isinstance(score, Score)
    assert (score.bas <= score.valeur).all() and (score.valeur <= score.haut).all()


def test_weights_that_do_not_sum_to_one_are_refused(monkeypatch):
    content = {
        "libelle": "x",
        "composantes": {"a": {**INDICES["besoin"].composantes["age"].model_dump(), "poids": 0.5}},
    }
    with pytest.raises(ErreurRecommandation, match=r"scores\.yml.*0\.500"):
        parametres._validate(parametres.Indice, "scores.yml", content)


def test_figures_read_in_french():
    assert nombre(1234567.8) == "1\u202f234\u202f568"
    assert nombre(0.256, 2) == "0,26"
    assert nombre(float("nan")) == "inconnu"
    assert mesure("temps_min", 19.7, 20) == "19,7 min"
    assert mesure("temps_min", float("inf")) == "aucun à portée"
