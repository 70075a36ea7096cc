"""What must hold of the whole computation: help goes where need is, sites help, names do not matter."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models_ml.calcul import compute, compute_all
from models_ml.contexte import Contexte
from models_ml.donnees import Donnees
from models_ml.offre import compute_acces
from models_ml.services import decision_of, load_service, load_services
from tests.territoire_fictif import build_donnees

FRAMES = ("communes", "sites", "lieux", "populations", "offre", "histoire")


def assemble(base: Donnees, **changes) -> Donnees:
    frames = {name: changes.get(name, getattr(base, name)) for name in FRAMES}
    return Donnees.assemble(generation=base.generation, est_simulee=True, **frames)


def country(**options) -> Donnees:
    """The fictional country with an offer for every service, denser for the dense ones."""
    base = build_donnees(n=300, **options)
    parts = [base.offre]
    for rank, code in enumerate(load_services()):
        if code != "france_services":
            held = base.communes.sort_values("code_commune").iloc[rank :: 5 + 3 * rank]
            parts.append(
                pd.DataFrame(
                    {
                        "id_offre": [f"{code}-{k}" for k in range(len(held))], "service": code,
                        "code_commune": held.code_commune.to_numpy(), "nom": None, "latitude": np.nan,
                        "longitude": np.nan, "nombre": 2.0, "capacite": 1.0, "format": "fixe", "source": "essai",
                        "millesime": "2021",
                    }
                )
            )  # fmt: skip
    return assemble(base, offre=pd.concat(parts))


@pytest.fixture(scope="module")
def donnees() -> Donnees:
    return country()


def told(result) -> pd.DataFrame:
    """What a planner reads of each commune, by name: the names do not change when the codes do."""
    frame = result.decisions.assign(nom=result.donnees.communes.nom_commune)
    return frame.set_index("nom").sort_index()


def test_codes_are_only_names(donnees):
    codes = donnees.communes.code_commune.sort_values().to_numpy()
    mapping = dict(zip(codes, np.random.default_rng(4).permutation(codes), strict=True))
    renamed = {
        name: getattr(donnees, name).assign(code_commune=lambda f: f.code_commune.map(mapping)) for name in FRAMES
    }
    here, there = compute(donnees), compute(assemble(donnees, **renamed))
    pd.testing.assert_frame_equal(told(here), told(there))
    for scenario, plan in here.plans.items():
        assert np.array_equal(plan.plan.sites, there.plans[scenario].plan.sites)


def test_every_service_decides_every_commune_within_what_it_admits(donnees):
    seen = []
    for result in compute_all(donnees):
        seen.append(result.service.code)
        admitted = {rule.action for rule in decision_of(result.service.code).regles} | {"a_instruire"}
        assert set(result.decisions.action) <= admitted
        assert (result.decisions.raisons.map(len) > 0).all()
    assert seen == list(load_services())


@pytest.mark.parametrize("service", ["france_services", "medecin", "maternite"])
def test_a_new_site_never_takes_access_from_anybody(donnees, service):
    declared = load_service(service)
    before = compute_acces(donnees, declared, Contexte.build(donnees))
    far = donnees.communes.iloc[[int(np.nanargmax(before.tableau.temps_min))]]
    extra = donnees.offre[donnees.offre.service == service].iloc[[0]].assign(
        id_offre="nouveau", code_commune=far.code_commune.to_numpy(), latitude=np.nan, longitude=np.nan
    )  # fmt: skip
    more = assemble(donnees, offre=pd.concat([donnees.offre, extra]))
    after = compute_acces(more, declared, Contexte.build(more))
    assert (after.tableau.temps_min <= before.tableau.temps_min + 1e-9).all()
    assert after.tableau.temps_min.sum() < before.tableau.temps_min.sum()


@pytest.mark.parametrize("column", ["score_pauvrete", "score_65_ans"])
def test_more_need_never_lowers_a_commune_s_rank_for_help(donnees, column):
    before = compute(donnees)
    at = int(before.decisions.score.rank(ascending=False).sub(100).abs().idxmin())
    communes = donnees.communes.copy()
    communes.loc[at, column] = 10.0
    after = compute(assemble(donnees, communes=communes))
    ranks = [one.decisions.score.rank(ascending=False)[at] for one in (before, after)]
    assert ranks[1] <= ranks[0]


def test_less_access_never_lowers_a_commune_s_rank_for_help(donnees):
    before = compute(donnees)
    nearest = before.acces.tableau.site.value_counts().idxmax()
    closed = before.acces.offre.id_site[nearest]
    after = compute(assemble(donnees, offre=donnees.offre[donnees.offre.id_offre != closed]))
    served = (before.acces.tableau.site == nearest).to_numpy()
    assert (after.decisions.score[served] >= before.decisions.score[served] - 1e-12).all()
