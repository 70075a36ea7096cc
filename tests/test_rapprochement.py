"""Places that are one: the labels, the model learned from them, and what the warehouse makes of it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pilotage.config import RACINE
from pilotage.rapprochement.apprentissage import SEEDS, learn_places
from pilotage.rapprochement.etiquettes import CLES, Couples, read_labels
from pilotage.rapprochement.modele import Modele, choose_thresholds, learn, measure
from tests.entrepot_reel import EntrepotReel


def pairs(n: int = 240, seed: int = 0) -> Couples:
    """Pairs whose truth follows the first of three features, with noise; the fourth part undecidable."""
    rng = np.random.default_rng(seed)
    x = rng.random((n, 3))
    y = x[:, 0] + rng.normal(0, 0.08, n) > 0.5
    decide = np.arange(n) % 12 > 0
    return Couples(["a", "b", "c"], x, y & decide, rng.uniform(1, 50, n), np.array(["s"] * n), decide)


def measures() -> pd.Series:
    return pd.read_csv(SEEDS / "lieux_mesures.csv").set_index("mesure").valeur


def test_labels_are_many_varied_and_unique() -> None:
    labels = read_labels()
    decided = labels[labels.etiquette != "indecidable"]
    assert len(decided) >= 300
    assert set(labels.etiquette) == {"meme", "different", "indecidable"}
    assert set(labels.blocage) == {"siret", "adresse", "label", "nom", "voie", "position"}
    assert labels.groupby("blocage").tranche.nunique().eq(6).all(), "easy and hard pairs of every blocking"
    assert not labels.duplicated(CLES).any()
    assert decided.groupby("part").etiquette.nunique().eq(2).all()
    assert labels.motif.str.len().min() > 10


def test_labels_hold_identifiers_only() -> None:
    assert set(read_labels().columns) == {*CLES, "blocage", "tranche", "poids", "part", "etiquette", "motif"}


def test_seed_has_one_coefficient_for_each_attribute() -> None:
    macro = (RACINE / "dbt_project" / "macros" / "rapprochement.sql").read_text()
    block = re.search(r"macro attributs_lieux\(\).*?return\(\[(.*?)\]\)", macro, re.S)
    assert block is not None
    attributes = re.findall(r"'(\w+)'", block[1])
    assert pd.read_csv(SEEDS / "lieux_modele.csv").attribut.tolist() == ["constante", *attributes]


def test_published_figures_reach_what_is_promised() -> None:
    found = measures()
    assert 0 < found.seuil_a_revoir < found.seuil_meme < 1 and found.seuil_meme >= 0.5
    assert found.precision_croisee >= 0.97 and found.precision_epreuve >= 0.95
    assert found.rappel_croisee >= 0.9 and found.rappel_epreuve >= 0.9
    assert found.rappel_avec_revue_croisee >= found.rappel_croisee


def test_learning_finds_the_feature_that_counts_and_repeats_itself() -> None:
    model, out = learn(pairs())
    assert model.coefficients[0] > 4 * np.abs(model.coefficients[1:]).max()
    again, _ = learn(pairs())
    assert np.array_equal(model.coefficients, again.coefficients) and model.seuil_meme == again.seuil_meme
    assert ((out > 0) & (out < 1)).all()


def test_probabilities_are_calibrated_on_the_candidates() -> None:
    couples = pairs(2400)
    _, out = learn(couples)
    kept, w = couples.decide, couples.poids
    for low, high in ((0.0, 0.2), (0.2, 0.8), (0.8, 1.01)):
        band = kept & (out >= low) & (out < high)
        assert abs(np.average(out[band], weights=w[band]) - np.average(couples.y[band], weights=w[band])) < 0.08


def test_undecidable_pairs_raise_the_upper_threshold() -> None:
    couples = pairs(600)
    score = couples.x[:, 0]
    hard = Couples(
        couples.attributs,
        couples.x,
        couples.y & (score < 0.6),
        couples.poids,
        couples.strate,
        (score < 0.6) | (score > 0.8),
    )
    easy = Couples(couples.attributs, couples.x, couples.y, couples.poids, couples.strate, np.ones(600, bool))
    assert choose_thresholds(hard, score)[0] >= choose_thresholds(easy, score)[0]


def test_measures_are_those_of_a_plain_count() -> None:
    y, decide = np.array([1, 1, 1, 0, 0, 1, 0], bool), np.array([1, 1, 1, 1, 1, 1, 0], bool)
    couples = Couples(["a"], np.zeros((7, 1)), y, np.ones(7), np.array(["s"] * 7), decide)
    score = np.array([0.9, 0.9, 0.5, 0.95, 0.1, 0.05, 0.9])
    found = measure(couples, score, Modele(0.0, np.zeros(1), 1.0, 0.8, 0.3))
    assert found["precision"].valeur == pytest.approx(2 / 3)
    assert found["precision_stricte"].valeur == pytest.approx(2 / 4)
    assert found["rappel"].valeur == pytest.approx(2 / 4)
    assert found["rappel_avec_revue"].valeur == pytest.approx(3 / 4)
    assert found["part_a_revoir"].valeur == pytest.approx(1 / 7)
    assert found["indecidables_reunis"].valeur == 1
    for figure in found.values():
        assert figure.basse <= figure.valeur <= figure.haute


@pytest.mark.lent
def test_learning_again_writes_the_seeds_of_the_repository(entrepot_reel: EntrepotReel, tmp_path: Path) -> None:
    with entrepot_reel.opened():
        learn_places(f"staging__{entrepot_reel.generation}", tmp_path)
    for name in ("lieux_modele.csv", "lieux_mesures.csv"):
        found, kept = (pd.read_csv(folder / name) for folder in (tmp_path, SEEDS))
        pd.testing.assert_frame_equal(found, kept, atol=2e-3)


@pytest.mark.lent
def test_sql_scores_as_python_does(entrepot_reel: EntrepotReel) -> None:
    frame = entrepot_reel.frame(
        "SELECT x.*, j.score FROM {staging}.int_lieux_attributs AS x INNER JOIN {staging}.int_lieux_juges AS j "
        "ON j.cle_a = x.cle_a AND j.cle_b = x.cle_b WHERE j.methode = 'modèle' ORDER BY x.cle_a, x.cle_b LIMIT 5000"
    )
    seed = pd.read_csv(SEEDS / "lieux_modele.csv").set_index("attribut").coefficient
    names = seed.index.drop("constante")
    model = Modele(seed["constante"], seed[names].to_numpy(), 1.0)
    np.testing.assert_allclose(
        model.probability(frame[names].astype(float).to_numpy()), frame.score.astype(float), rtol=1e-5
    )


@pytest.mark.lent
def test_no_place_holds_two_rows_of_a_list_but_repetitions(entrepot_reel: EntrepotReel) -> None:
    frame = entrepot_reel.frame(
        "SELECT p.id_lieu FROM {commun}.pont_lieux_sources AS p INNER JOIN {staging}.int_lieux_localises AS l "
        "USING (source, millesime, id_source) GROUP BY p.id_lieu, l.source, l.liste "
        "HAVING COUNT(*) > COUNT(*) FILTER (WHERE p.methode = 'répétition') AND COUNT(*) > 1"
    )
    assert frame.empty


@pytest.mark.lent
def test_a_pair_to_review_joins_nothing(entrepot_reel: EntrepotReel) -> None:
    frame = entrepot_reel.frame(
        "SELECT COUNT(*) AS n, COUNT(*) FILTER (WHERE id_lieu_a = id_lieu_b) AS reunis, MIN(score) AS bas, "
        "MAX(score) AS haut FROM {commun}.lieux_a_revoir"
    )
    row, found = frame.iloc[0], measures()
    assert 200 < row.n < 5000 and row.reunis == 0
    assert found.seuil_a_revoir <= row.bas and row.haut < found.seuil_meme
