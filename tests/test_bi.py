"""Dashboards as code: the declaration, the bundle, then a real Superset on a small warehouse, photographed."""

from __future__ import annotations

import csv
import io
import re
import shutil
import stat
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
import sqlglot
import yaml
from sqlalchemy import text
from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from bi.commentaires import read_comments
from bi.declaration import DOSSIER, LARGEUR, Declaration, Graphique, Mesure, Rangee, Tableau, load_declaration
from bi.graphiques import VIZ
from bi.paquet import build_bundle, build_files
from pilotage.catalogue import AXES
from pilotage.config import RACINE, Settings
from pilotage.database import get_engine
from pilotage.errors import ErreurConfiguration

MARTS = [axe for axe in AXES if axe != "commun"]
SUPERSET = RACINE / ".venv-bi" / "bin" / "gunicorn"
DEPARTEMENTS = {"01": "84", "03": "84", "29": "53"}  # département -> région
COMMUNES = 12  # of each département, in two EPCI


@pytest.fixture(scope="module")
def declaration() -> Declaration:
    return load_declaration()


@pytest.fixture(scope="module")
def described() -> dict[str, str]:
    """Descriptions by `schema.table.column`, from the files that the warehouse's comments come from."""
    found = {}
    for schema in AXES:
        for path in (RACINE / "dbt_project" / "models" / "marts" / schema).glob("*.yml"):
            for model in yaml.safe_load(path.read_text()).get("models", []):
                for column in model.get("columns", []):
                    found[f"{schema}.{model['name']}.{column['name']}"] = column["description"]
    for table in yaml.safe_load((RACINE / "models_ml" / "synthese" / "tables.yml").read_text())["tables"]:
        for column in table["colonnes"]:
            found[f"synthese.{table['nom']}.{column['nom']}"] = column["description"]
    from models_ml.tables import build_metadata

    for table in build_metadata("recommandation").sorted_tables:
        found |= {f"recommandation.{table.name}.{column.name}": column.comment for column in table.columns}
    return found


@pytest.fixture(scope="module")
def files(declaration: Declaration, described: dict[str, str]) -> dict[str, dict]:
    return {path: yaml.safe_load(content) for path, content in build_files(declaration, described).items()}


def kind(files: dict[str, dict], folder: str) -> list[dict]:
    return [content for path, content in files.items() if path.startswith(f"{folder}/")]


def test_there_is_a_dashboard_for_each_axis_and_two_more(declaration: Declaration) -> None:
    assert {t.code for t in declaration.tableaux} == {*MARTS, "synthese", "recommandations"}
    for tableau in declaration.tableaux:
        assert {"region", "departement", "epci", "echelon"} <= {filtre.nom for filtre in tableau.filtres}
        assert {"chiffre", "barres", "tableau", "repartition"} & {chart.type for chart in tableau.graphiques}


def test_every_column_of_the_warehouse_is_known_and_described(
    declaration: Declaration, described: dict[str, str]
) -> None:
    for jeu in declaration.jeux.values():
        for column in jeu.colonnes:
            assert column.description or described[column.depuis], f"{jeu.nom}.{column.nom}"


def columns_read(sql: str) -> Iterator[str]:
    """`schema.table.column` of every qualified column that a query reads from a table."""
    for scope in traverse_scope(sqlglot.parse_one(sql, read="postgres")):
        tables = {alias: source for alias, source in scope.sources.items() if isinstance(source, exp.Table)}
        for column in scope.columns:
            table = tables.get(column.table or next(iter(scope.sources)))
            if table is not None and table.db:
                yield f"{table.db}.{table.name}.{column.name}"


def test_every_column_that_a_query_reads_is_in_the_warehouse(
    declaration: Declaration, described: dict[str, str]
) -> None:
    for jeu in declaration.jeux.values():
        read = set(columns_read(jeu.sql))
        assert len(read) > 3
        assert read <= described.keys(), jeu.nom


def test_every_indicator_named_is_in_the_guide(declaration: Declaration) -> None:
    rows = csv.DictReader((RACINE / "dbt_project" / "seeds" / "indicateurs.csv").open(encoding="utf-8"))
    axes = {row["code_indicateur"]: row["code_axe"] for row in rows}
    for tableau in declaration.tableaux:
        for chart in tableau.graphiques:
            named = chart.ou.get("code_indicateur", [])
            for code in [named] if isinstance(named, str) else named:
                assert axes[code] == tableau.code, chart.titre


def test_no_rate_is_averaged(declaration: Declaration) -> None:
    for jeu in declaration.jeux.values():
        for words in (jeu.sql, *(measure.expression for measure in jeu.mesures)):
            assert not re.search(r"\b(AVG|MEDIAN|PERCENTILE_\w+|STDDEV\w*)\s*\(", words, re.I), jeu.nom
        for measure in jeu.mesures:
            assert measure.definition
            if "numerateur" in measure.expression:
                assert "SUM(denominateur)" in measure.expression
                assert all(f"MIN({c}) = MAX({c})" in measure.expression for c in ("code_indicateur", "niveau"))


def test_the_bundle_holds_together(files: dict[str, dict]) -> None:
    assert files["metadata.yaml"]["type"] == "assets"
    (base,) = kind(files, "databases")
    assert "@entrepot/" in base["sqlalchemy_uri"]
    assert not base["allow_dml"]
    datasets = {content["uuid"]: content for content in kind(files, "datasets")}
    charts = {content["uuid"]: content for content in kind(files, "charts")}
    identifiers = [content["uuid"] for content in files.values() if "uuid" in content]
    assert len(set(identifiers)) == len(identifiers) == len(files) - 1
    assert all(UUID(identifier).version == 5 for identifier in identifiers)
    assert all(content["database_uuid"] == base["uuid"] for content in datasets.values())
    for chart in charts.values():
        dataset = datasets[chart["dataset_uuid"]]
        metrics = {metric["metric_name"] for metric in dataset["metrics"]}
        params = chart["params"]
        used = {params["metric"]} if "metric" in params else set(params.get("metrics", []))
        assert used <= metrics
        assert chart["viz_type"] in VIZ.values()
        assert params.get("aggregate") is None
    for dashboard in kind(files, "dashboards"):
        placed = [node["meta"] for node in dashboard["position"].values() if is_chart(node)]
        assert {meta["uuid"] for meta in placed} <= charts.keys()
        assert len({meta["chartId"] for meta in placed}) == len(placed)


def is_chart(node) -> bool:
    return isinstance(node, dict) and node.get("type") == "CHART"


def test_every_node_of_a_dashboard_stands_in_the_grid(files: dict[str, dict]) -> None:
    for dashboard in kind(files, "dashboards"):
        nodes = {name: node for name, node in dashboard["position"].items() if isinstance(node, dict)}
        children = [child for node in nodes.values() for child in node.get("children", [])]
        assert sorted(children) == sorted(nodes.keys() - {"ROOT_ID", "HEADER_ID"})
        for node in nodes.values():
            if node["type"] == "ROW":
                assert sum(nodes[child]["meta"]["width"] for child in node["children"]) <= LARGEUR


def test_filters_narrow_the_charts_that_follow_them(files: dict[str, dict], declaration: Declaration) -> None:
    datasets = {content["uuid"]: content for content in kind(files, "datasets")}
    for dashboard, tableau in zip(kind(files, "dashboards"), declaration.tableaux, strict=True):
        charts = {n["meta"]["chartId"]: n["meta"]["sliceName"] for n in dashboard["position"].values() if is_chart(n)}
        for native in dashboard["metadata"]["native_filter_configuration"]:
            (target,) = native["targets"]
            columns = {column["column_name"] for column in datasets[target["datasetUuid"]]["columns"]}
            assert target["column"]["name"] in columns
            name = native["id"].removeprefix("NATIVE_FILTER-")
            targeted = next(f for f in tableau.filtres if f.nom == name).cible
            moved = {charts[number] for number in charts.keys() - set(native["scope"]["excluded"])}
            if targeted:
                assert moved == {chart.titre for chart in tableau.graphiques if name in chart.suit}


def test_same_declaration_same_bytes(declaration: Declaration, described: dict[str, str]) -> None:
    first, second = (build_bundle(load_declaration(), dict(described)) for _ in range(2))
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert all(name.startswith("pilotage/") for name in archive.namelist())
        assert {entry.date_time[0] for entry in archive.infolist()} == {2026}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("mesures: [part_fragile]", "mesures: [part_fragil]", "mesure inconnu"),
        ("par: [code_iso]", "par: [code_isso]", "colonne inconnu"),
        ("suit: [echelon]", "suit: [echellon]", "filtre inconnu"),
        ("jeu: enjeux", "jeu: enjeu", "jeu inconnu"),
        ("type: secteurs", "type: camembert", "type"),
        ("rangees:", "rangees: [", "YAML illisible"),
    ],
)
def test_a_wrong_name_is_said_with_its_file(tmp_path: Path, old: str, new: str, said: str) -> None:
    folder = tmp_path / "bi"
    shutil.copytree(DOSSIER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "tableaux" / "synthese.yml"
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ErreurConfiguration, match=said) as caught:
        load_declaration(folder)
    assert "synthese.yml" in str(caught.value)


def test_everything_to_be_read_is_in_french(declaration: Declaration) -> None:
    english = re.compile(r"\b(the|of|and|by|chart|count|value|rate|all|over|with)\b", re.I)
    for tableau in declaration.tableaux:
        titles = [
            tableau.titre,
            tableau.resume,
            *(f.titre for f in tableau.filtres),
            *(r.titre for r in tableau.rangees),
        ]
        for words in [*titles, *(w for c in tableau.graphiques for w in (c.titre, c.sous_titre))]:
            assert not english.search(words), words
    for jeu in declaration.jeux.values():
        for words in (
            jeu.description,
            *(c.titre for c in jeu.colonnes),
            *(m.titre + m.definition for m in jeu.mesures),
        ):
            assert not english.search(words), words


SCHEMA = """
CREATE TABLE commun.dim_territoires (cle_territoire text PRIMARY KEY, niveau text, code_territoire text,
  nom_territoire text, population integer);
CREATE TABLE commun.dim_communes (code_commune text PRIMARY KEY, code_departement text, code_region text,
  siren_epci text, population integer, est_actuelle boolean, longitude float8, latitude float8);
CREATE TABLE commun.pont_communes_territoires (code_commune text, cle_territoire text, niveau text,
  code_territoire text);
CREATE TABLE commun.dim_indicateurs (code_indicateur text PRIMARY KEY, code_axe text, libelle text, unite text,
  facteur float8);
CREATE TABLE commun.dim_sources (source text PRIMARY KEY, titre text);
CREATE TABLE commun.dim_axes (code_axe text PRIMARY KEY, libelle text);
CREATE TABLE commun.dim_actions (code_action text PRIMARY KEY, code_axe text, libelle text);
CREATE TABLE commun.dim_services (service text PRIMARY KEY, libelle text);
CREATE TABLE synthese.enjeux_prioritaires (cle_territoire text, code_action text, rang smallint, score float8,
  population_concernee bigint, raison text);
CREATE TABLE synthese.fragilite (code_commune text PRIMARY KEY, cle_territoire text, score float8, rang integer,
  rang_bas integer, rang_haut integer, cinquieme smallint);
CREATE TABLE synthese.suivi (cle_territoire text, code_indicateur text, premiere_date date, premiere_valeur float8,
  derniere_date date, derniere_valeur float8, tendance_par_an float8, cible float8, cible_date date, etat text,
  motif text);
CREATE TABLE recommandation.acces (code_commune text, service text, temps_min float8);
CREATE TABLE recommandation.decisions (code_commune text, service text, cle_territoire text, action text,
  libelle_action text, score float8, score_bas float8, score_haut float8, raisons text[], stabilite float8,
  bascule text, rang_plan integer, population_gagnee bigint);
CREATE TABLE recommandation.plans (service text, cle_territoire text, scenario text, seuil_min float8, p integer,
  prouve boolean, population_couverte_avant bigint, population_couverte_apres bigint, cout_annuel_eur float8);
"""
INDICATEURS = """
CREATE TABLE {axe}.indicateurs_{axe} (cle_territoire text, niveau text, code_territoire text, code_indicateur text,
  millesime text, date_donnees date, numerateur float8, denominateur float8, valeur float8, unite text,
  couverture_population_pct float8, source text);
INSERT INTO {axe}.indicateurs_{axe}
SELECT p.cle_territoire, p.niveau, p.code_territoire, d.code_indicateur, TO_CHAR(j.jour, 'YYYY'), j.jour,
  SUM(n.num), SUM(c.population), 100 * SUM(n.num) / SUM(c.population), '%%', 100, 'source_{axe}'
FROM commun.pont_communes_territoires AS p
JOIN commun.dim_communes AS c USING (code_commune)
CROSS JOIN commun.dim_indicateurs AS d
CROSS JOIN (VALUES (DATE '2022-01-01'), (DATE '2024-01-01')) AS j (jour)
CROSS JOIN LATERAL (SELECT c.population * (SUBSTR(c.code_commune, 3)::int %% 7) / 10.0 AS num) AS n
WHERE d.code_axe = '{axe}'
GROUP BY p.cle_territoire, p.niveau, p.code_territoire, d.code_indicateur, j.jour;
"""
SYNTHESE = """
INSERT INTO synthese.enjeux_prioritaires SELECT cle_territoire, 'action_' || r, r, 1.0 / r, 1000, 'Raison ' || r
  FROM commun.dim_territoires, GENERATE_SERIES(1, 4) AS r;
INSERT INTO synthese.fragilite SELECT code_commune, 'commune:' || code_commune, rang * 100.0 / 36, 37 - rang, 1, 36,
  1 + (rang - 1) * 5 / 36 FROM (SELECT code_commune, ROW_NUMBER() OVER (ORDER BY code_commune) AS rang
  FROM commun.dim_communes) AS x;
INSERT INTO synthese.suivi SELECT t.cle_territoire, d.code_indicateur, '2022-01-01', 1, '2024-01-01', 2, 0.5, 10,
  '2030-01-01', e.etat, 'motif' FROM commun.dim_territoires AS t CROSS JOIN commun.dim_indicateurs AS d
  CROSS JOIN LATERAL (SELECT (ARRAY['en bonne voie', 'en retard', 's''éloigne', 'non mesurable'])
  [1 + LENGTH(t.nom_territoire || d.libelle) %% 4] AS etat) AS e;
INSERT INTO recommandation.acces SELECT code_commune, service, 12 FROM commun.dim_communes, commun.dim_services;
INSERT INTO recommandation.decisions SELECT code_commune, service, 'commune:' || code_commune, a.code, a.libelle, 0.5,
  0.4, 0.6, ARRAY['Une raison.', 'Une autre.'], 0.9, NULL, 1, CASE WHEN a.code = 'implanter' THEN population END
  FROM commun.dim_communes CROSS JOIN commun.dim_services CROSS JOIN LATERAL (SELECT * FROM (VALUES
  (0, 'maintenir', 'maintenir'), (1, 'implanter', 'implanter'), (2, 'a_instruire', 'à instruire'))
  AS v (k, code, libelle) WHERE k = SUBSTR(code_commune, 3)::int %% 3) AS a;
INSERT INTO recommandation.plans SELECT service, 'france:FR', 'central', 20, 5, true, 900000, 1000000, NULL
  FROM commun.dim_services;
"""


def population(departement: str, number: int) -> int:
    return 1000 * number + 700 * (number % 5) * int(departement)


def rows(declaration: Declaration) -> dict[str, list[dict]]:
    """Dimensions of a country of three départements and 36 communes, populated by the rank of the commune."""
    communes, territories, bridge = [], {}, []
    for rank, (dep, region) in enumerate(DEPARTEMENTS.items()):
        for number in range(1, COMMUNES + 1):
            code, epci = f"{dep}{number:03}", f"20000{dep}{number % 2}"
            people = population(dep, number)
            place = {"lon": -4 + 4 * rank + number / 6, "lat": 46 + number / 6}
            communes.append(
                {"code": code, "dep": dep, "reg": region, "epci": epci, "pop": population(dep, number), **place}
            )
            for level, key, name in (
                ("commune", code, f"Commune {code}"),
                ("epci", epci, f"Communauté {epci[-3:]}"),
                ("departement", dep, {"01": "Ain", "03": "Allier", "29": "Finistère"}[dep]),
                ("region", region, {"84": "Auvergne-Rhône-Alpes", "53": "Bretagne"}[region]),
                ("france", "FR", "France"),
            ):
                territory = territories.setdefault(
                    f"{level}:{key}", {"niveau": level, "code": key, "nom": name, "pop": 0}
                )
                territory["pop"] += people
                bridge.append({"code": code, "cle": f"{level}:{key}", "niveau": level, "terr": key})
    seeds = csv.DictReader((RACINE / "dbt_project" / "seeds" / "indicateurs.csv").open(encoding="utf-8"))
    indicators = [{"c": r["code_indicateur"], "axe": r["code_axe"], "lib": r["libelle"]} for r in seeds]
    return {
        "INSERT INTO commun.dim_communes VALUES (:code, :dep, :reg, :epci, :pop, true, :lon, :lat)": communes,
        "INSERT INTO commun.dim_territoires VALUES (:cle, :niveau, :code, :nom, :pop)": [
            {"cle": key, **values} for key, values in territories.items()
        ],
        "INSERT INTO commun.pont_communes_territoires VALUES (:code, :cle, :niveau, :terr)": bridge,
        "INSERT INTO commun.dim_indicateurs VALUES (:c, :axe, :lib, '%', 100)": indicators,
        "INSERT INTO commun.dim_sources VALUES (:s, :t)": [{"s": f"source_{a}", "t": f"Source {a}"} for a in MARTS],
        "INSERT INTO commun.dim_axes VALUES (:c, :l)": [{"c": axe, "l": f"Axe {axe}"} for axe in MARTS],
        "INSERT INTO commun.dim_actions VALUES (:c, :a, :l)": [
            {"c": f"action_{r}", "a": MARTS[r], "l": f"Mener l'action numéro {r} du guide " * r} for r in range(1, 5)
        ],
        "INSERT INTO commun.dim_services VALUES (:c, :l)": [
            {"c": "france_services", "l": "France services"},
            {"c": "poste", "l": "Point de contact de La Poste"},
        ],
    }


@pytest.fixture(scope="module")
def small(warehouse: Settings, declaration: Declaration, described: dict[str, str]) -> Settings:
    """The small country as a visible generation, its columns commented."""
    with get_engine(warehouse).begin() as connection:
        for schema in (*AXES, "synthese", "recommandation"):
            connection.execute(text(f"CREATE SCHEMA {schema}"))
        connection.exec_driver_sql(SCHEMA)
        for statement, values in rows(declaration).items():
            connection.execute(text(statement), values)
        for axe in MARTS:
            connection.exec_driver_sql(INDICATEURS.format(axe=axe))
        connection.exec_driver_sql(SYNTHESE)
        for name in {column.depuis for jeu in declaration.jeux.values() for column in jeu.colonnes if column.depuis}:
            words = described[name].replace("'", "''").replace("%", "%%")
            connection.exec_driver_sql(f"COMMENT ON COLUMN {name} IS '{words}'")
    return warehouse


def ask(settings: Settings, jeu, metric: str, where: str = "true") -> float | None:
    with get_engine(settings).connect() as connection:
        expression = jeu.mesure(metric).expression
        return connection.exec_driver_sql(
            f"SELECT {expression} FROM ({jeu.sql}) AS v WHERE {where}".replace("%", "%%")
        ).scalar()


def expected(departements: Iterable[str], step: int = 1) -> float:
    """The rate of any indicator of the small country, from its communes of these numbers."""
    each = [(population(d, n), n % 7) for d in departements for n in range(1, COMMUNES + 1, step)]
    return 100 * sum(people * share / 10 for people, share in each) / sum(people for people, _ in each)


def test_each_data_set_gives_the_columns_that_it_declares(small: Settings, declaration: Declaration) -> None:
    for jeu in declaration.jeux.values():
        with get_engine(small).connect() as connection:
            result = connection.exec_driver_sql(f"SELECT * FROM ({jeu.sql}) AS v".replace("%", "%%"))
            assert set(result.keys()) == jeu.noms, jeu.nom
            assert result.fetchone() is not None


def test_a_rate_is_recomputed_for_any_choice_and_never_mixed(small: Settings, declaration: Declaration) -> None:
    jeu = declaration.jeux["indicateurs_infrastructures"]
    one = "code_indicateur = 'debit_30' AND est_dernier AND niveau = 'commune'"
    assert ask(small, jeu, "taux", f"{one} AND region = 'Bretagne'") == pytest.approx(expected(["29"]))
    assert ask(small, jeu, "taux", one) == pytest.approx(expected(DEPARTEMENTS))
    half = "code_indicateur = 'debit_30' AND est_dernier AND epci = 'Communauté 291'"
    assert ask(small, jeu, "taux", f"{half} AND niveau = 'commune'") == pytest.approx(expected(["29"], step=2))
    assert ask(small, jeu, "taux", half) is None, "communes and their EPCI are not added up"
    assert ask(small, jeu, "taux", "code_indicateur = 'debit_30' AND niveau = 'commune'") is None, "two dates"
    assert ask(small, jeu, "taux", "est_dernier AND niveau = 'commune'") is None, "several indicators"


def test_comments_of_the_warehouse_describe_the_columns(
    small: Settings, declaration: Declaration, described: dict[str, str]
) -> None:
    comments = read_comments(small.database_url, declaration)
    assert comments == {name: described[name] for name in comments}
    with get_engine(small).begin() as connection:
        connection.execute(text("ALTER TABLE commun.dim_sources RENAME COLUMN titre TO intitule"))
    try:
        with pytest.raises(ErreurConfiguration, match=r"commun\.dim_sources\.titre"):
            read_comments(small.database_url, declaration)
    finally:
        with get_engine(small).begin() as connection:
            connection.execute(text("ALTER TABLE commun.dim_sources RENAME COLUMN intitule TO titre"))


def with_broken_dashboard(declaration: Declaration) -> Declaration:
    """One more dashboard, of a chart that fails and a chart without rows: the photographer must see both."""
    territoires = declaration.jeux["territoires"]
    wrong = Mesure(nom="fausse", titre="Fausse", definition="Fausse.", expression="SUM(1 / (population - population))")
    jeu = territoires.model_copy(update={"nom": "casse", "mesures": [*territoires.mesures, wrong]})
    charts = [
        Graphique(titre="Mesure fausse", type="chiffre", jeu="casse", mesures=["fausse"]),
        Graphique(
            titre="Aucune ligne",
            type="barres",
            jeu="casse",
            mesures=["nb_territoires"],
            par=["region"],
            ou={"niveau": "absent"},
        ),
    ]
    tableau = Tableau(code="casse", titre="Cassé", resume="Cassé.", filtres=[], rangees=[Rangee(graphiques=charts)])
    return Declaration(jeux={**declaration.jeux, "casse": jeu}, tableaux=[*declaration.tableaux, tableau])


@pytest.mark.lent
def test_superset_draws_every_dashboard(small: Settings, declaration: Declaration, tmp_path: Path) -> None:
    if not SUPERSET.exists():
        pytest.skip("Superset's environment is absent (`make bi` makes .venv-bi)")
    if shutil.which("chromium") is None:
        pytest.skip("Chromium is not installed")
    pytest.importorskip("playwright")
    from bi.photographie import photograph
    from bi.serveur import Superset
    from pilotage.lecteur import ensure_reader

    superset = Superset(ensure_reader(small), tmp_path / "bi", with_broken_dashboard(declaration))
    superset.import_dashboards()
    for name in ("cle", "mot_de_passe"):
        assert stat.S_IMODE((superset.folder / name).stat().st_mode) == 0o600
    assert superset.warehouse.split(":")[2].split("@")[0] not in (superset.folder / "superset.db").read_text("latin-1")
    with superset.running() as address:
        assert address.startswith("http://127.0.0.1:")
        *reports, broken = photograph(address, superset.password, superset.declaration.tableaux, tmp_path)
        (bretagne,) = photograph(
            address, superset.password, [declaration.tableaux[2]], tmp_path / "bretagne", {"region": "Bretagne"}
        )
    assert any("division by zero" in error for error in broken.erreurs), broken.erreurs
    assert broken.vides == ["Aucune ligne"]
    for report in [*reports, bretagne]:
        assert report.erreurs == [], report.tableau
        assert report.appels_exterieurs == [], report.tableau
        assert report.vides == [], report.tableau
        assert report.image.stat().st_size > 50_000
    france = next(report for report in reports if report.tableau == "infrastructures")
    title = "Locaux éligibles à 30 Mbit/s et plus"
    assert france.chiffres[title] == f"{expected(DEPARTEMENTS):.1f}".replace(".", ",")
    assert bretagne.chiffres[title] == f"{expected(['29']):.1f}".replace(".", ",")


def test_without_its_environment_it_says_what_to_run(
    small: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bi import serveur

    monkeypatch.setattr(serveur, "BIN", tmp_path / "absent")
    superset = serveur.Superset(small.database_url, tmp_path / "bi")
    with pytest.raises(ErreurConfiguration, match="environnement de Superset"):
        superset.import_dashboards()
    with pytest.raises(ErreurConfiguration, match="aucun tableau de bord importé"), superset.running():
        pytest.fail("nothing was imported")
