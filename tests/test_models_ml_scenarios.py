"""Scenario files and what they change: errors that name the line, and a network that only changes as it is told."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from models_ml.comparer import changes, compare, winners_and_losers
from models_ml.contexte import Contexte
from models_ml.essai import Essai, try_scenario
from models_ml.fermeture import close, find_site
from models_ml.offre import compute_acces
from models_ml.scenarios import Budget, PlancherEquite, Scenario, read_scenario, reference
from models_ml.services import load_service
from pilotage.apports import EXEMPLES
from pilotage.errors import ErreurRecommandation
from tests.territoire_fictif import build_donnees
from tests.test_models_ml_proprietes import assemble

FS = load_service("france_services")


@pytest.fixture(scope="module")
def donnees():
    return build_donnees(n=300, sites=12)


@pytest.fixture(scope="module")
def contexte(donnees):
    return Contexte.build(donnees)


def run(donnees, contexte, inside=None, **changes) -> Essai:
    inside = np.ones(len(donnees.communes), bool) if inside is None else inside
    return try_scenario(donnees, Scenario(nom="essai", **changes), inside, contexte)


@pytest.mark.parametrize("path", sorted((EXEMPLES / "scenarios").glob("*.yml")), ids=lambda p: p.stem)
def test_examples_are_scenarios(path):
    assert read_scenario(path).nom


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nom: x\nbugdet: {sites: 3}\n", ("ligne 2", "bugdet", "clé inconnue", "« budget » ?")),
        ("nom: x\nbudget:\n  sites: trois\n", ("ligne 3", "budget.sites", "trois")),
        ("nom: x\nbudget: {sites: 3, euros: 5}\n", ("ligne 2", "l'un des deux")),
        ("nom: x\nservice: caff\n", ("ligne 2", "caff", "france_services")),
        ("nom: x\n\nseuils: {hote_a_porte: 3}\n", ("ligne 3", "hote_a_porte", "vouliez-vous dire « hote_a_portee »")),
        ("nom: x\npoids: {age: -1}\n", ("ligne 2", "positifs")),
        ("service: france_services\n", ("nom", "clé absente")),
        ("nom: x\nplanchers:\n  - {par: qpv, valeur: oui, part: 2}\n", ("ligne 3", "planchers.0")),
        ("nom: x\nplanchers:\n  - {par: qvp, valeur: 'oui', part: 1}\n", ("ligne 3", "valeur inconnue", "qpv")),
        ("nom: [x\n", ("ligne", "YAML")),
        ("- un\n- deux\n", ("ne contient pas de clés",)),
        ("", ("ne contient pas de clés",)),
    ],
)
def test_a_wrong_file_is_one_sentence_with_its_line(tmp_path, text, words):
    path = tmp_path / "essai.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ErreurRecommandation) as caught:
        read_scenario(path)
    for word in ("essai.yml", *words):
        assert word in str(caught.value), str(caught.value)


def test_an_absent_or_foreign_file_is_one_sentence(tmp_path):
    with pytest.raises(ErreurRecommandation, match="illisible"):
        read_scenario(tmp_path / "rien.yml")
    (tmp_path / "latin.yml").write_bytes("nom: é\n".encode("latin-1"))
    with pytest.raises(ErreurRecommandation, match="UTF-8"):
        read_scenario(tmp_path / "latin.yml")


def test_nothing_changed_is_no_difference(donnees, contexte):
    one, two = run(donnees, contexte), run(donnees, contexte)
    lines = compare(one, two)
    assert (lines.iloc[:, 1] == lines.iloc[:, 2]).all()
    moved = changes(one, two)
    assert not moved.action_change.any() and (moved.ecart_min.fillna(0) == 0).all()


def test_a_site_that_closes_and_opens_again_changes_nobody(donnees, contexte):
    site = donnees.sites_of("france_services").iloc[3]
    again = {
        "commune": site.code_commune,
        "latitude": site.latitude,
        "longitude": site.longitude,
        "capacite": site.capacite,
    }
    before, after = run(donnees, contexte), run(donnees, contexte, fermetures=[site.id_site], ouvertures=[again])
    assert np.array_equal(before.temps, after.temps, equal_nan=True)
    assert (before.decisions.action == after.decisions.action).all()


def test_more_sites_never_cover_less(donnees, contexte):
    beyond = [run(donnees, contexte, budget={"sites": n}).beyond(FS.seuil_min) for n in (0, 1, 3, 8)]
    assert beyond == sorted(beyond, reverse=True) and beyond[-1] < beyond[0]


def test_only_the_territory_counts_and_opens(donnees, contexte):
    inside = (donnees.communes.code_departement == "11").to_numpy()
    one = run(donnees, contexte, inside, budget={"sites": 2})
    assert set(np.flatnonzero(one.plan.retenues)) <= set(np.flatnonzero(inside))
    assert one.beyond(0) <= donnees.communes.population[inside].sum()


def test_euros_buy_as_many_sites_as_they_pay_for():
    assert Scenario(nom="a", budget={"euros": 399_999}, cout_site_eur=100_000).sites() == 3
    with pytest.raises(ErreurRecommandation, match="coût"):
        Scenario(nom="a", service="maternite", budget={"euros": 1e6}).sites()


def test_weights_are_made_to_sum_to_one_and_move_the_need(donnees, contexte):
    tuned = Scenario(nom="a", poids={"age": 5.0}).tune()
    assert sum(c.poids for c in tuned.besoin.composantes.values()) == pytest.approx(1)
    plain, old = run(donnees, contexte), run(donnees, contexte, poids={"age": 5.0})
    assert not np.allclose(plain.decisions.score, old.decisions.score)


def test_a_floor_is_kept_or_refused_with_its_name(donnees, contexte):
    floor = {"par": "quintile_pauvrete", "valeur": "5", "part": 0.8}
    kept = run(donnees, contexte, budget={"sites": 8}, planchers=[floor])
    poorest = kept.donnees.communes.score_pauvrete.rank(method="first") > 0.8 * len(kept.donnees.communes)
    people = kept.population[poorest.to_numpy()]
    assert people[kept.temps[poorest.to_numpy()] <= FS.seuil_min].sum() >= 0.8 * people.sum()
    with pytest.raises(ErreurRecommandation, match="quintile_pauvrete = 5"):
        run(donnees, contexte, budget={"sites": 1}, planchers=[{**floor, "part": 1.0}])
    with pytest.raises(ErreurRecommandation, match="aucune commune du territoire"):
        run(donnees, contexte, planchers=[{**floor, "valeur": "9"}])


def test_unknown_places_are_named(donnees, contexte):
    with pytest.raises(ErreurRecommandation, match=r"lieu à fermer « zz »"):
        run(donnees, contexte, fermetures=["zz"])
    with pytest.raises(ErreurRecommandation, match=r"commune où ouvrir « 99999 »"):
        run(donnees, contexte, ouvertures=[{"commune": "99999"}])


def test_winners_and_losers_are_the_people_whose_time_changes(donnees, contexte):
    one, two = run(donnees, contexte), run(donnees, contexte, budget={"sites": 3})
    rows = winners_and_losers(one, two, "quintile_pauvrete")
    assert rows.gagnants.sum() == pytest.approx(one.population[two.temps < one.temps - 1e-9].sum())
    assert rows.perdants.sum() == 0


@pytest.mark.parametrize("rank", [0, 4, 9])
def test_a_closing_is_the_network_without_it(donnees, contexte, rank):
    """The oracle computes both networks afresh; as replacements, it tries those proposed and a third of all."""
    site = donnees.sites_of("france_services").iloc[rank]
    closing = close(donnees, FS, site.id_site)
    without = assemble(donnees, offre=donnees.offre[donnees.offre.id_offre != site.id_site])
    before = compute_acces(donnees, FS, contexte).temps
    after = compute_acces(without, FS, contexte).temps
    people = donnees.communes.population.to_numpy()
    lost = (before <= 20) & (after > 20)
    assert closing.au_dela == people[lost].sum()
    assert set(closing.touchees.code_commune) == set(donnees.communes.code_commune[before != after])
    if not lost.any():
        return
    gains = {}
    for code in sorted({*closing.remplacants.code_commune, *donnees.communes.code_commune[rank::3]}):
        extra = donnees.offre.iloc[[0]].assign(
            id_offre="essai", code_commune=code, latitude=np.nan, longitude=np.nan, service="france_services"
        )
        opened = assemble(donnees, offre=extra)
        near = compute_acces(opened, FS, contexte).temps
        gains[code] = people[lost & (near <= 20)].sum()
    assert closing.remplacants.population_retrouvee.iloc[0] == max(gains.values())
    for row in closing.remplacants.itertuples():
        assert row.population_retrouvee == gains[row.code_commune]


def test_a_place_is_found_by_identifier_or_name(donnees):
    sites = donnees.sites_of("france_services")
    assert find_site(sites, "3").id_site == "3"
    assert find_site(sites, sites.nom[5].upper()).id_site == sites.id_site[5]
    with pytest.raises(ErreurRecommandation, match="12 lieux s'appellent"):
        find_site(sites, "france services")
    with pytest.raises(ErreurRecommandation, match="inconnu"):
        find_site(sites, "zzz")


def test_the_checker_of_a_territory_s_files_reads_scenarios_too(tmp_path):
    from pilotage.commandes.apports import app

    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "bon.yml").write_text("nom: x\n")
    assert CliRunner().invoke(app, ["verifier", str(tmp_path)]).exit_code == 0
    (tmp_path / "scenarios" / "faux.yml").write_text("nom: x\nserv: y\n")
    told = CliRunner().invoke(app, ["verifier", str(tmp_path)])
    assert told.exit_code == 1 and "faux.yml" in told.output and "ligne 2" in told.output


def test_reference_keeps_service_and_territory():
    asked = Scenario(nom="a", service="poste", territoire="23", budget=Budget(sites=2))
    assert (reference(asked).service, reference(asked).territoire, reference(asked).sites()) == ("poste", "23", 0)
    assert PlancherEquite(par="qpv", valeur="oui", part=0.5).part == 0.5
