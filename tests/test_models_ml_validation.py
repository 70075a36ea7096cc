"""The similarity model judged elsewhere: other regions, other groups, other nights, and a file that nobody altered."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from models_ml.attributs import MONOTONIE, Voisinage, build_attributs
from models_ml.classifieur import ClassifieurRessemblance
from models_ml.derive import SEUIL_ALERTE, stability_index, watch
from models_ml.histoire import NATURES, Passe
from models_ml.registre import load, save
from models_ml.ressemblance import Fenetre
from models_ml.validation import fairness, groups_of, leave_one_region_out
from pilotage.errors import ErreurRecommandation
from tests.territoire_fictif import build_donnees
from tests.test_models_ml_proprietes import assemble

rng = np.random.default_rng(7)


def history(donnees, days: dict[str, str]) -> pd.DataFrame:
    """A third of the communes have one of each nature, described on the given days."""
    held = donnees.communes.code_commune.iloc[::3]
    return pd.concat(
        pd.DataFrame({"code_commune": held, "nature": nature, "nombre": 1.0, "date_donnees": day})
        for nature, day in days.items()
    )


def test_what_is_described_later_is_not_known_yet():
    base = build_donnees(n=90, sites=10)
    known = dict.fromkeys(NATURES, "2019-01-01")
    early, late = (
        assemble(base, histoire=history(base, {**known, "msap": day})) for day in ("2018-06-27", "2021-06-27")
    )
    day = date(2020, 1, 2)
    then, blind = (build_attributs(d, Voisinage.build(d, 10), day) for d in (early, late))
    houses = ["msap", "msap_epci", "msap_km", "msap_sans_site_km"]
    assert then[houses].notna().all().all() and blind[houses].isna().all().all()
    others = [name for name in MONOTONIE if name not in houses and "variete" not in name and "variees" not in name]
    pd.testing.assert_frame_equal(then[others], blind[others])
    seen = build_attributs(late, Voisinage.build(late, 10), date(2022, 1, 1))
    assert seen[houses].notna().all().all()


def test_the_latest_description_before_the_day_is_the_one_used():
    rows = pd.DataFrame(
        [("a", "msap", 1.0, "2018-01-01"), ("a", "msap", 5.0, "2020-01-01"), ("b", "msap", 2.0, "2020-01-01")],
        columns=["code_commune", "nature", "nombre", "date_donnees"],
    )
    rows["date_donnees"] = pd.to_datetime(rows.date_donnees)
    index = pd.Index(["a", "b"]).get_indexer
    assert Passe.build(rows, index, 2, date(2019, 1, 1)).nombres["msap"].tolist() == [1, 0]
    assert Passe.build(rows, index, 2, date(2021, 1, 1)).nombres["msap"].tolist() == [5, 2]
    assert np.isnan(Passe.build(rows, index, 2, date(2017, 1, 1)).nombres["msap"]).all()


def windows(n: int = 600):
    """Two windows over the same communes, three regions; openings follow the first feature."""
    features = pd.DataFrame({"a": rng.normal(size=n), "b": rng.normal(size=n)})
    opened = [features.a.to_numpy() + rng.normal(0, 0.5, n) > 1 for _ in range(2)]
    parts = [Fenetre(date(2020 + k, 1, 1), np.arange(n), features, opened[k]) for k in range(2)]
    return *parts, np.array(["11", "24", "53"], dtype=object)[np.arange(n) % 3]


def test_a_region_is_judged_by_a_model_that_never_saw_it():
    train, test, regions = windows()
    seen: list[int] = []

    class Spy(ClassifieurRessemblance):
        def fit(self, X, y):  # noqa: N803
            seen.append(len(y))
            return super().fit(X, y)

    rows = leave_one_region_out(lambda: Spy(plis=1, max_iter=20), train, test, regions)
    assert seen == [400, 400, 400]
    scores = {game: value for _, game, measure, value in rows if measure == "precision_moyenne"}
    assert set(scores) == {"region_11", "region_24", "region_53", "regions_laissees"}
    assert all(score > 2 * test.ouverte.mean() for score in scores.values())
    assert sum(value for _, _, measure, value in rows if measure == "ouvertures_observees") == test.ouverte.sum()


def test_shares_by_group_are_counted_by_hand():
    donnees = build_donnees(n=200, sites=10)
    communes = donnees.communes.assign(population_qpv_pct=np.where(np.arange(200) < 50, 10.0, 0.0))
    test = Fenetre(date(2022, 1, 1), np.arange(200), pd.DataFrame({"a": np.zeros(200)}), np.arange(200) % 10 == 0)
    served = np.arange(200) % 4 == 0
    rows = fairness(communes, test, rng.random(200), {"x": np.arange(100)}, {"x": served}, np.ones(200))
    told = {(game, measure): value for who, game, measure, value in rows if who == "x"}
    assert told["equite_qpv", "avec quartier:part_des_choix"] == pytest.approx(0.5)
    assert told["equite_qpv", "avec quartier:part_des_non_couverts"] == pytest.approx(13 / 50)
    for groups in groups_of(communes).values():
        names = [g for g in groups if isinstance(g, str)]
        assert len(names) == 200


def test_the_same_night_does_not_drift_and_a_shift_does():
    before = pd.DataFrame({"x": rng.normal(size=5000), "reseau": rng.normal(size=5000)})
    rows, alerts = watch(before, before)
    assert not alerts and all(value == 0 for *_, value in rows)
    later = before + 1
    rows, alerts = watch(before, later, frozenset({"reseau"}))
    assert len(alerts) == 1 and "« x »" in alerts[0]
    assert all(value > SEUIL_ALERTE for *_, value in rows)


def test_values_gone_missing_are_a_drift():
    values = rng.normal(size=1000)
    assert stability_index(values, np.where(np.arange(1000) % 2, np.nan, values)) > SEUIL_ALERTE


def test_a_stored_model_comes_back_and_an_altered_one_does_not(tmp_path):
    features, truth = rng.normal(size=(200, 2)), np.arange(200) % 3 == 0
    model = ClassifieurRessemblance(max_iter=10, random_state=1).fit(features, truth)
    save(model, tmp_path, "abc", {"empreinte_donnees": "e", "graine": 1})
    again, record = load(tmp_path, "abc")
    assert np.array_equal(again.predict_proba(features), model.predict_proba(features))
    assert record["graine"] == 1 and record["empreinte_donnees"] == "e"
    path = tmp_path / "abc.joblib"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(ErreurRecommandation, match="n'est pas celui qui a été écrit"):
        load(tmp_path, "abc")
    with pytest.raises(ErreurRecommandation, match="absent"):
        load(tmp_path, "autre")


def test_a_column_that_nothing_fills_teaches_nothing():
    features, truth = rng.normal(size=(300, 3)), np.arange(300) % 3 == 0
    features[:, 1] = np.nan
    full = ClassifieurRessemblance(monotonie=[1, 0, -1], max_iter=10, random_state=1).fit(features, truth)
    less = ClassifieurRessemblance(monotonie=[1, -1], max_iter=10, random_state=1).fit(features[:, [0, 2]], truth)
    assert np.array_equal(full.predict_proba(features), less.predict_proba(features[:, [0, 2]]))
    with pytest.raises(ValueError, match="missing in every row"):
        ClassifieurRessemblance().fit(np.full((10, 2), np.nan), np.arange(10) % 2)
