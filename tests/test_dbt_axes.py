"""What the axes promise: sums that hold from communes to France, a traceable guide, assumptions said once."""

from __future__ import annotations

import re

import pandas as pd
import pytest
import yaml

from pilotage import tracabilite
from pilotage.config import RACINE


@pytest.mark.lent
def test_every_indicator_adds_up_from_communes_to_france(entrepot_reel) -> None:
    for schema in ("infrastructures", "developpement", "services", "usages"):
        gaps = entrepot_reel.frame(
            f"SELECT code_indicateur, millesime, SUM(numerateur) FILTER (WHERE niveau = 'commune') AS communes, "
            f"SUM(numerateur) FILTER (WHERE niveau = 'departement') AS departements, "
            f"SUM(numerateur) FILTER (WHERE niveau = 'france') AS france "
            f"FROM {{{schema}}}.indicateurs_{schema} GROUP BY 1, 2"
        )
        assert (gaps["communes"] - gaps["france"]).abs().max() < 1e-3
        assert (gaps["departements"] - gaps["france"]).abs().max() < 1e-3


@pytest.mark.lent
@pytest.mark.parametrize("axe", ["infrastructures", "developpement", "services", "usages"])
def test_promises_to_planners_are_kept(entrepot_reel, axe) -> None:
    from pilotage.gate import gate_axe

    with entrepot_reel.opened():
        report = gate_axe(entrepot_reel.generation, axe)
    assert not report.refusees
    assert report.controles >= 13


def test_traceability_page_is_up_to_date() -> None:
    for path, content in tracabilite.render().items():
        assert path.read_text(encoding="utf-8") == content, "`make pages` écrit la page"


def test_no_line_of_the_guide_is_missing_or_reworded() -> None:
    """The seed against the guide's own text: same lines, same words, same order, same rank."""
    text = (RACINE / "tests" / "data" / "guide_axes.md").read_text(encoding="utf-8")
    published = [(m[1] == "  - ", _words(m[2])) for m in re.finditer(r"^(- ✓ |  - )(.+)$", text, re.MULTILINE)]
    actions = pd.read_csv(RACINE / "dbt_project" / "seeds" / "actions.csv", dtype=str, keep_default_na=False)
    ours = [
        (bool(mother), _words(label)) for mother, label in zip(actions.code_action_mere, actions.libelle, strict=True)
    ]
    assert ours == published


def _words(line: str) -> str:
    return re.sub(r"\s+", " ", line.replace("*", "")).strip()


def test_every_line_of_the_guide_is_measured_or_names_what_would_measure_it() -> None:
    seeds = RACINE / "dbt_project" / "seeds"
    actions, indicators = (
        pd.read_csv(seeds / f"{name}.csv", dtype=str, keep_default_na=False) for name in ("actions", "indicateurs")
    )
    assert len(actions) == 29
    assert set(actions["code_axe"]) == {"infrastructures", "developpement", "services", "usages", "ecosystemes"}
    assert list(actions["ordre"].astype(int)) == list(range(1, 30))
    measured = actions["code_action"].isin(set(indicators["code_action"]))
    assert (actions["jeu_manquant"].eq("") == measured).all()
    assert set(indicators["code_action"]) <= set(actions["code_action"])


def test_a_line_that_only_a_territory_s_own_files_measure_is_not_said_measured_on_real_data() -> None:
    own = {"code_action": "x", "source": "apports__consultations"}
    assert tracabilite._measure("x", [own]) == (0, 0, 1)
    assert tracabilite._measure("x", [own, {**own, "source": "insee__communes"}]) == (1, 0, 1)


def test_travel_assumptions_are_those_of_the_recommender() -> None:
    ours = yaml.safe_load((RACINE / "dbt_project/dbt_project.yml").read_text(encoding="utf-8"))["vars"]["deplacements"]
    theirs = yaml.safe_load((RACINE / "models_ml/parametres/deplacements.yml").read_text(encoding="utf-8"))
    assert ours["detour"] == theirs["detour"]["valeur"]
    assert ours["vitesses_kmh"] == theirs["vitesses_kmh"]
    assert ours["vitesse_sans_densite_kmh"] == theirs["vitesse_sans_densite_kmh"]
    assert ours["interne_facteur"] == theirs["interne"]["facteur"]
    assert ours["interne_plafond_km"] == theirs["interne"]["plafond_km"]
    assert ours["superficie_sans_mesure_km2"] == theirs["interne"]["superficie_sans_mesure_km2"]
    assert ours["iles"] == [island["communes"] for island in theirs["iles"]]
