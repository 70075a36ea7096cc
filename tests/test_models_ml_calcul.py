"""The whole computation: determinism, missing data, and the tables written in a real PostgreSQL."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from models_ml.calcul import compute, recommend
from models_ml.decision import A_INSTRUIRE
from models_ml.donnees import Donnees
from models_ml.ecriture import build_frames
from models_ml.frontieres import NIVEAUX
from models_ml.services import load_services
from pilotage.errors import ErreurRecommandation
from tests.territoire_fictif import build_donnees

GENERATION = "g20260101t000000"


@pytest.fixture(scope="module")
def donnees() -> Donnees:
    return build_donnees()


def fingerprint(frames: dict[str, pd.DataFrame]) -> str:
    return repr({name: frame.to_json() for name, frame in frames.items() if name != "modele"})


def test_same_input_same_tables_byte_for_byte(donnees):
    assert fingerprint(build_frames(compute(donnees))) == fingerprint(build_frames(compute(build_donnees())))


def test_another_input_is_another_run(donnees):
    changed = donnees.communes.assign(population=donnees.communes.population + 1)
    other = Donnees.assemble(
        generation=donnees.generation,
        est_simulee=True,
        communes=changed,
        sites=donnees.sites,
        lieux=donnees.lieux,
        populations=donnees.populations,
    )
    assert compute(other).id_calcul != compute(donnees).id_calcul


def test_order_of_the_rows_changes_nothing(donnees):
    shuffled = {
        name: getattr(donnees, name).sample(frac=1, random_state=3)
        for name in ("communes", "sites", "lieux", "populations")
    }
    other = Donnees.assemble(generation=donnees.generation, est_simulee=True, **shuffled)
    assert other.empreinte == donnees.empreinte
    assert fingerprint(build_frames(compute(other))) == fingerprint(build_frames(compute(donnees)))


def test_missing_position_or_population_is_told_and_never_guessed():
    base = build_donnees()
    communes = base.communes.copy()
    empty = int(np.flatnonzero(~communes.code_commune.isin(base.sites.code_commune))[0])
    lost, unknown = communes.code_commune[[empty, empty + 1]]
    communes.loc[empty, ["latitude", "longitude"]] = np.nan
    communes.loc[empty + 1, "population"] = np.nan
    frames = {"sites": base.sites, "lieux": base.lieux, "populations": base.populations}
    donnees = Donnees.assemble(generation=GENERATION, est_simulee=True, communes=communes, **frames)
    result = compute(donnees)
    decisions = result.decisions
    empty, unpeopled = donnees.commune_index([lost, unknown])
    assert decisions.action[empty] == A_INSTRUIRE
    assert "position de la commune" in decisions.donnees_manquantes[empty]
    assert "population" in decisions.donnees_manquantes[unpeopled]
    assert np.isnan(result.acces.tableau.temps_min[empty])
    assert np.isnan(result.acces.tableau.e2sfca[unpeopled])


def test_out_of_bounds_value_names_table_column_and_unit(donnees):
    broken = donnees.communes.assign(score_4g=70.0)
    with pytest.raises(ErreurRecommandation, match=r"commun.dim_communes.*score_4g.*score de 0 à 10"):
        Donnees.assemble(
            generation="g",
            est_simulee=True,
            communes=broken,
            sites=donnees.sites,
            lieux=donnees.lieux,
            populations=donnees.populations,
        )


def test_unknown_service_lists_the_known_ones(donnees):
    with pytest.raises(ErreurRecommandation, match="france_services"):
        compute(donnees, "inconnu")


def write_marts(engine, donnees: Donnees) -> None:
    """The marts that the recommender reads, as tables of a generation."""
    c = donnees.communes
    profile = c[["code_commune", "chomeurs_15_64", "actifs_15_64", "population"]].assign(millesime="2018")
    ages = c[["code_commune"]].assign(
        millesime="2017", part_65_ans_pct=20.0, part_15_24_ans_pct=12.0, part_peu_diplomes_pct=30.0
    )
    quarter = pd.DataFrame({"code_commune": c.code_commune[:3], "millesime": "2022", "population": 10.0})
    services = pd.DataFrame({"service": list(load_services())})
    income = c[["code_commune", "revenu_median_eur", "taux_pauvrete_pct"]].assign(millesime="2020")
    fragility = c[["code_commune", *[n for n in c if n.startswith("score_")]]].assign(millesime="2023-08")
    names = [
        "nom_commune",
        "code_departement",
        "code_region",
        "code_bassin_vie",
        "siren_epci",
        "code_crte",
        "niveau_densite",
        "classe_ruralite",
    ]
    names += ["code_commune", "population", "latitude", "longitude", "superficie_km2"]
    commune = c[names].assign(est_actuelle=True)
    fs = donnees.sites.rename(columns={"id_site": "id_fs", "date_ouverture": "date_labellisation"})
    fs = fs.assign(millesime="2024-08-01", est_actif=True)
    source = {"bibliotheque": "culture__bibliotheques", "mediation": "mednum__lieux_mediation"}
    places = donnees.lieux.assign(id_lieu=[f"l{k}" for k in range(len(donnees.lieux))])
    bridge = places[["id_lieu", "millesime"]].assign(source=places.nature.map(source))
    places = places.rename(columns={"nom": "nom_lieu"})[
        ["id_lieu", "nom_lieu", "code_commune", "latitude", "longitude"]
    ]
    said = {"departement": "Fictif", "region": "Fictive"}
    above = [
        (n, k, said.get(n, n)) for n, column in NIVEAUX.items() if column for k in sorted(c[column].dropna().unique())
    ]
    rows = [("commune", *pair) for pair in zip(c.code_commune, c.nom_commune, strict=True)]
    level = pd.DataFrame(
        [*rows, *above, ("region", "10", "Fictive"), ("france", "FR", "France")],
        columns=["niveau", "code_territoire", "nom_territoire"],
    )
    level = level.assign(cle_territoire=level.niveau + ":" + level.code_territoire, population=1, est_simule=True)
    inside = [
        (code, key)
        for code in c.code_commune
        for key in ["commune:" + code, "france:FR"] + (["departement:10"] if code.startswith("10") else [])
    ]
    tables = {
        "commun": {
            "fait_profils": profile,
            "fait_revenus": income,
            "fait_ages_diplomes": ages,
            "pont_quartiers_communes": quarter,
            "dim_services": services,
            "fait_offre_services": donnees.offre,
            "dim_sources": pd.DataFrame(
                {"source": ["cget__maisons_services_public"], "date_donnees": [pd.Timestamp("2018-06-27")]}
            ),
            "fait_equipements": pd.DataFrame(
                {
                    "code_commune": c.code_commune[:9],
                    "type_equipement": "A206",
                    "nb_equipements": 1.0,
                    "date_donnees": pd.Timestamp("2019-01-01"),
                    "source": "insee__equipements_iris",
                }
            ),
            "dim_communes": commune,
            "dim_lieux": places,
            "pont_lieux_sources": bridge,
            "fait_populations": donnees.populations,
            "dim_territoires": level,
            "pont_communes_territoires": pd.DataFrame(inside, columns=["code_commune", "cle_territoire"]),
        },
        "usages": {"fait_fragilite_numerique": fragility, "fait_france_services": fs},
    }
    with engine.begin() as connection:
        for axis, frames in tables.items():
            schema = f"{axis}__{GENERATION}"
            connection.execute(text(f"CREATE SCHEMA {schema}"))
            for name, frame in frames.items():
                frame.to_sql(name, connection, schema=schema, index=False)
        for name, key in (("dim_territoires", "cle_territoire"), ("dim_services", "service")):
            connection.execute(text(f"ALTER TABLE commun__{GENERATION}.{name} ADD PRIMARY KEY ({key})"))


@pytest.fixture(scope="module")
def built(warehouse, donnees):
    from pilotage.database import get_engine

    engine = get_engine(warehouse)
    write_marts(engine, donnees)
    return engine, recommend(GENERATION)


def rows_of(engine, table: str, schema: str = f"recommandation__{GENERATION}") -> list:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(f"SELECT * FROM {schema}.{table} ORDER BY 1, 2, 3"))]


def test_written_rows_are_those_computed(built, donnees):
    engine, report = built
    assert set(report.actions) == set(load_services())
    assert len(rows_of(engine, "decisions")) == len(donnees.communes) * len(load_services())
    for actions in report.actions.values():
        assert sum(actions.values()) == len(donnees.communes)


def test_running_again_gives_the_same_rows(built):
    engine, _ = built
    tables = ("acces", "scores", "decisions", "plans", "plans_sites", "modele", "evaluation")
    before = {name: rows_of(engine, name) for name in tables}
    recommend(GENERATION)
    assert {name: rows_of(engine, name) for name in tables} == before


def test_every_table_and_column_has_a_comment_and_a_key(built):
    engine, _ = built
    query = text(
        "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum >= 0 "
        "WHERE c.relnamespace = CAST(:schema AS regnamespace) AND c.relkind = 'r' "
        "AND col_description(c.oid, a.attnum) IS NULL"
    )
    keyless = text(
        "SELECT relname FROM pg_class c WHERE relnamespace = CAST(:schema AS regnamespace) AND relkind = 'r' AND "
        "(obj_description(oid, 'pg_class') IS NULL OR NOT EXISTS "
        "(SELECT 1 FROM pg_constraint WHERE conrelid = c.oid AND contype = 'p'))"
    )
    with engine.connect() as connection:
        schema = {"schema": f"recommandation__{GENERATION}"}
        assert connection.execute(query, schema).all() == []
        assert connection.execute(keyless, schema).all() == []


@pytest.fixture(scope="module")
def visible(built):
    engine, _ = built
    with engine.begin() as connection:
        for axis in ("commun", "usages", "recommandation"):
            connection.execute(text(f"ALTER SCHEMA {axis}__{GENERATION} RENAME TO {axis}"))
    return engine


def run_command(*arguments: str):
    import typer

    from pilotage.commandes.recommander import recommander

    app = typer.Typer()
    app.command()(recommander)
    return CliRunner().invoke(app, arguments)


def test_command_answers_for_a_departement_with_a_plan(visible):
    result = run_command("10", "--budget", "3")
    assert result.exit_code == 0, result.output
    for words in ("DONNÉES SIMULÉES", "Fictif", "Premières recommandations", "Plan de", "aucun plan", "region:10"):
        assert words in " ".join(result.output.split())
    assert "Données manquantes" in result.output


def test_scenario_commands_answer_in_french(visible, tmp_path):
    import typer

    from pilotage.commandes.scenarios import comparer, fermer

    app = typer.Typer()
    app.command()(comparer)
    app.command()(fermer)
    path = tmp_path / "essai.yml"
    path.write_text("nom: Deux sites\nterritoire: '10'\nbudget: {sites: 2}\nfermetures: ['0']\n", encoding="utf-8")
    told = CliRunner().invoke(app, ["comparer", str(path), "--sortie", str(tmp_path / "c.csv")])
    assert told.exit_code == 0, told.output
    for words in ("DONNÉES SIMULÉES", "situation actuelle", "Deux sites", "prouvé", "changent de décision"):
        assert words in " ".join(told.output.split())
    assert "action_change" in (tmp_path / "c.csv").read_text()
    told = CliRunner().invoke(app, ["fermer", "0"])
    assert told.exit_code == 0, told.output
    assert "fermait" in told.output and "iraient plus loin" in " ".join(told.output.split())
    told = run_command("10", "--scenario", str(path))
    assert told.exit_code == 0 and "Deux sites" in " ".join(told.output.split())


def test_command_suggests_close_territories(visible):
    result = run_command("Fictiv")
    assert isinstance(result.exception, ErreurRecommandation)
    assert "Fictive" in str(result.exception)


def test_card_says_that_data_is_simulated(visible):
    from models_ml.fiche import load_bilan, render

    card = render(load_bilan())
    assert "Données simulées" in card
    assert "Aucun modèle" in card


def test_run_is_frozen(donnees):
    with pytest.raises(dataclasses.FrozenInstanceError):
        compute(donnees).service = "autre"
