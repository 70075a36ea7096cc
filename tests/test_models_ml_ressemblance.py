"""Similarity to past openings: a sound estimator, no glance at the future, and the backtest on the real lists."""

from datetime import date

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from models_ml import parametres
from models_ml.attributs import Voisinage, build_attributs, known_population, openings
from models_ml.classifieur import ClassifieurRessemblance
from models_ml.donnees import Donnees
from models_ml.ressemblance import calibration_error, learn, lift
from models_ml.services import load_services
from tests.territoire_fictif import build_donnees


@parametrize_with_checks([ClassifieurRessemblance(max_iter=20)])
def test_estimator_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


def test_probability_follows_the_monotonic_constraints():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(800, 2))
    truth = features[:, 0] - features[:, 1] + rng.normal(size=800) > 0
    model = ClassifieurRessemblance(monotonie=[1, -1], max_iter=60, random_state=0).fit(features, truth)
    line = np.linspace(-3, 3, 50)
    up = model.predict_proba(np.column_stack([line, np.zeros(50)]))[:, 1]
    down = model.predict_proba(np.column_stack([np.zeros(50), line]))[:, 1]
    assert (np.diff(up) >= 0).all() and (np.diff(down) <= 0).all()


def test_features_do_not_move_when_the_future_does():
    """Sites opened later, and populations published later, leave the features of a day as they were."""
    day = date(2022, 1, 1)
    base = build_donnees(n=200, sites=40)
    later = base.sites[base.sites.date_ouverture < "2022-01-01"]
    populations = base.populations[base.populations.millesime < "2020"]
    past = Donnees.assemble(
        generation="g",
        est_simulee=True,
        communes=base.communes,
        sites=later,
        lieux=base.lieux,
        populations=populations,
    )
    known, then = (build_attributs(d, Voisinage.build(d, 10), day) for d in (base, past))
    assert known.equals(then)


def test_a_population_is_known_three_years_after():
    donnees = build_donnees(n=50, sites=5)
    assert known_population(donnees, date(2020, 1, 2))[1] == "2017"
    assert known_population(donnees, date(2021, 12, 31))[1] == "2017"
    assert known_population(donnees, date(2022, 1, 1))[1] == "2019"


def test_openings_are_of_the_window_and_of_communes_without_a_site():
    donnees = build_donnees(n=60, sites=20)
    free, opened = openings(donnees, date(2021, 1, 1), date(2022, 12, 31))
    years = donnees.sites.set_index("code_commune").date_ouverture.dt.year
    for k, code in enumerate(donnees.communes.code_commune):
        year = years.get(code)
        assert free[k] == (year is None or year >= 2021)
        assert opened[k] == (year in (2021, 2022))


def test_too_few_openings_is_said_and_no_model_is_made():
    result = learn(build_donnees(n=200, sites=20))
    assert "aucun modèle appris" in result.message
    assert np.isnan(result.probabilite).all() and result.evaluation.empty


def test_lift_and_calibration_by_hand():
    truth = np.array([1, 0, 0, 0, 1, 0, 0, 0, 0, 0])
    assert lift(truth, np.arange(10)[::-1].astype(float), 0.1) == pytest.approx(5)
    assert calibration_error(truth.astype(float), np.full(10, 0.2), 1) == pytest.approx(0)


@pytest.fixture(scope="module")
def france(entrepot_recommande):
    return entrepot_recommande.appris


def value(table, model: str, measure: str) -> float:
    return float(table[(table.modele == model) & (table.mesure == measure)].valeur.iloc[0])


@pytest.mark.lent
def test_on_the_real_lists_the_model_ranks_better_than_population_alone(france):
    table = france.ressemblance.evaluation
    table = table[table.jeu == "epreuve"]
    for measure in ("precision_moyenne", "lift_1_pct"):
        assert value(table, "ressemblance", measure) > value(table, "population_seule", measure)
    assert value(table, "ressemblance", "brier") < value(table, "population_seule", "brier")
    assert value(table, "ressemblance", "ouvertures_observees") == 857
    assert value(table, "ressemblance", "precision_moyenne") > 0.43
    assert value(table, "ressemblance", "lift_1_pct") > 19


@pytest.mark.lent
def test_on_the_real_lists_regions_never_seen_are_ranked_far_above_chance(france):
    table = france.ressemblance.evaluation
    whole = table[table.jeu == "regions_laissees"].valeur.iloc[0]
    assert whole > 10 * 857 / 33126
    counted = table[table.jeu.str.startswith("region_") & (table.mesure == "ouvertures_observees")]
    assert counted.valeur.sum() == 857 and len(counted) >= 17


@pytest.mark.lent
def test_on_the_real_lists_a_plan_serves_more_people_than_what_was_opened(france):
    table = france.ressemblance.evaluation
    table = table[table.jeu == "couverture_10_km"]
    shares = {
        name: value(table, name, "part_des_non_couverts") for name in ("ouvertures_reelles", "plan_de_couverture")
    }
    assert shares["ouvertures_reelles"] < shares["plan_de_couverture"] <= 1
    assert value(table, "plan_de_couverture", "communes_ouvertes") <= value(
        table, "ouvertures_reelles", "communes_ouvertes"
    )


@pytest.mark.lent
def test_on_the_real_lists_the_national_plan_is_proved_and_every_commune_is_answered(france):
    assert all(proposition.plan.prouve for proposition in france.plans.values())
    assert len(france.decisions) == 34_875
    assert france.decisions.raisons.str.len().min() >= 1
    missing = france.decisions.donnees_manquantes.map(lambda labels: "population" in labels)
    assert (france.decisions.action[missing] == "a_instruire").all()


@pytest.mark.lent
def test_on_the_real_lists_no_trip_crosses_an_ocean(france):
    codes = france.donnees.communes.code_commune.to_numpy()
    near = france.acces.tableau.site.to_numpy()
    known = near >= 0
    home = france.acces.sites.commune[near[known]]
    here, there = codes[known][home >= 0], codes[home[home >= 0]]
    overseas = np.array([code[:3] if code[:2] == "97" else "metropole" for code in here])
    other = np.array([code[:3] if code[:2] == "97" else "metropole" for code in there])
    assert (overseas == other).all()


def test_parameters_give_a_reason_for_every_weight():
    for index in parametres.load_indices().values():
        assert all(len(component.raison) > 20 for component in index.composantes.values())
    for service in load_services().values():
        parts = [*service.besoin.composantes.values(), *service.dematerialisable.values()]
        assert all(part.raison.strip() for part in parts)
