"""The common star on the real files, against oracles that read the same files without SQL."""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError

from pilotage import dbt_sources, entrepot, execution_dbt
from pilotage.config import RACINE, Settings
from pilotage.database import get_engine
from pilotage.errors import ErreurEntrepot
from pilotage.formes import FORMES
from tests.entrepot_reel import EntrepotReel

MODELES = sorted((RACINE / "dbt_project" / "models").rglob("*.sql"))


def test_files_derived_from_cards_are_fresh():
    assert dbt_sources.stale() == []


@pytest.mark.parametrize("path", MODELES, ids=lambda p: p.stem)
def test_model_says_its_grain_and_stays_short(path: Path):
    lines = path.read_text().splitlines()
    assert any(line.startswith("-- Grain : ") for line in lines[:3])
    assert len(lines) <= 120


def test_generation_abandons_the_unfinished_and_follows_deliveries(warehouse: Settings):
    assert entrepot.needs_rebuild()
    first, second = entrepot.create_generation(), entrepot.create_generation()
    assert re.fullmatch(r"g\d{8}t\d{6}", first) and first != second
    with get_engine().begin() as connection:
        states = dict(connection.execute(text("SELECT generation, etat FROM pilotage.generations")).tuples().all())
        assert states == {first: "abandonnee", second: "en_construction"}
        connection.execute(
            text("UPDATE pilotage.generations SET etat = 'visible' WHERE generation = :g"), {"g": second}
        )
    assert not entrepot.needs_rebuild()
    with get_engine().begin() as connection:
        connection.execute(
            text(
                "INSERT INTO pilotage.livraisons (livraison, source, millesime, fichier, sha256, taille_octets, etat) "
                "VALUES ('x', 'insee__regions', '2025', 'f.csv', 'x', 1, 'acceptee')"
            )
        )
    assert entrepot.needs_rebuild()
    with get_engine().begin() as connection:
        connection.execute(text("DELETE FROM pilotage.livraisons"))
        connection.execute(text("DELETE FROM pilotage.generations"))


def test_failure_names_model_message_and_file(tmp_path: Path):
    compiled = "target/compiled/pilotage/models/a.sql"
    node = {"unique_id": "model.pilotage.a", "status": "error", "message": "Database Error\n  valeur inattendue : abc"}
    (tmp_path / "run_results.json").write_text(json.dumps({"results": [node]}))
    (tmp_path / "manifest.json").write_text(json.dumps({"nodes": {"model.pilotage.a": {"compiled_path": compiled}}}))
    with pytest.raises(ErreurEntrepot) as caught:
        entrepot._read_results(tmp_path, entrepot.RapportConstruction("g20260101t000000", "commun"), 1)
    assert "modèle a : Database Error valeur inattendue : abc" in str(caught.value)
    assert caught.value.fichier.endswith("compiled/pilotage/models/a.sql")


def test_unknown_axis_is_refused(warehouse: Settings):
    with pytest.raises(ErreurEntrepot, match="inconnu"):
        entrepot.build_axe("g20260101t000000", "cuisine")


def test_commune_codes_with_letters_pass_in_a_simulated_country_alone():
    """Gate 1 and dbt ask the same form: above 45 000 simulated villages, départements are A0, A1…"""
    jinja = Environment(loader=FileSystemLoader(execution_dbt.PROJECT / "macros"))
    real, simulated = (
        jinja.get_template("codes.sql").make_module({"env_var": lambda *_, told=told: told}).motif_commune()
        for told in ("false", "true")
    )
    assert simulated == FORMES["code_commune"].regex_simulation
    for code in ("01001", "2A004", "97105"):
        assert re.search(real, code) and re.search(simulated, code)
    assert re.search(simulated, "A0123") and not re.search(real, "A0123")
    assert not any(re.search(real, code) or re.search(simulated, code) for code in ("0null", "1001", "010011"))


@pytest.fixture(scope="module")
def typing_sql(warehouse: Settings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The typing macros as SQL on one value, by name: dbt compiles them once."""
    folder = tmp_path_factory.mktemp("dbt")
    environment = {**os.environ, **execution_dbt.dbt_environment(warehouse, folder, "g20260101t000000")}
    macros = ("entier", "decimal", "jour", "est_secret", "code_commune", "code_commune_saisi", "siret", "code_postal")
    lines = " UNION ALL ".join(f"SELECT $${{{{ {name}('v') }}}}$$ AS sql, '{name}' AS nom" for name in macros)
    command = [sys.executable, "-c", "from dbt.cli.main import cli; cli()", "--quiet", "show", "--output", "json"]
    command += ["--limit", "50", "--inline", lines]
    done = subprocess.run(command, env=environment, cwd=execution_dbt.PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return {row["nom"]: row["sql"] for row in json.loads(done.stdout[done.stdout.index("{") :])["show"]}


def convert(sql: str, value: str | None):
    """The value that a typing macro makes of a text of raw."""
    with get_engine().connect() as connection:
        return connection.exec_driver_sql(f"SELECT {sql} FROM (SELECT CAST(%s AS text) AS v) AS t", (value,)).scalar()


@pytest.mark.parametrize(
    ("macro", "value", "expected"),
    [
        ("entier", "12 394", 12394),
        ("entier", " 1\u202f234\u00a0", 1234),
        ("entier", "486.0", 486),
        ("entier", "0", 0),
        ("entier", "-5", -5),
        *[
            (macro, missing, None)
            for macro in ("entier", "decimal")
            for missing in ("-", "s", "nd", "", " ", "NA", None)
        ],
        ("decimal", "1 234,5", 1234.5),
        ("decimal", "-1.5e3", -1500.0),
        ("est_secret", "s", True),
        ("est_secret", "", False),
        ("jour", "31/05/2024", dt.date(2024, 5, 31)),
        ("jour", "2024-05-31T10:00:00", dt.date(2024, 5, 31)),
        ("code_commune", "1001", "01001"),
        ("code_commune", "1001.0", "01001"),
        ("code_commune", "2a004", "2A004"),
        ("code_commune_saisi", "0null", None),
        ("siret", "00000000000000", None),
        ("siret", "13002603200016.0", "13002603200016"),
        ("code_postal", "1200", "01200"),
        ("code_postal", "75001 Cedex", None),
    ],
)
def test_typing_keeps_missing_missing(typing_sql: dict[str, str], macro: str, value: str | None, expected: object):
    assert convert(typing_sql[macro], value) == expected


@pytest.mark.parametrize(
    ("macro", "value"),
    [
        ("entier", "486.5"),
        ("entier", "abc"),
        ("entier", "1;2"),
        ("decimal", "NaN"),
        ("decimal", "1.2.3"),
        ("jour", "mai"),
    ],
)
def test_typing_refuses_what_it_does_not_know(typing_sql: dict[str, str], macro: str, value: str):
    with pytest.raises(DBAPIError, match=f"valeur inattendue dans v : {re.escape(value)}"):
        convert(typing_sql[macro], value)


@pytest.fixture(scope="module")
def commun(entrepot_reel: EntrepotReel) -> Iterator[tuple[Connection, str]]:
    """A connection that reads the session's real warehouse, and the name of its generation."""
    engine = create_engine(entrepot_reel.url)
    with engine.connect() as connection:
        generation = entrepot_reel.generation
        connection.execute(text(f"SET search_path TO commun__{generation}, staging__{generation}, public"))
        yield connection, generation
    engine.dispose()


def read_csv(path: Path, separator: str = ",") -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=separator))


@pytest.mark.lent
def test_population_of_every_vintage_is_that_of_the_file(commun, mirror: Path):
    found = dict(
        commun[0]
        .execute(text("SELECT millesime, SUM(population_municipale) FROM fait_populations GROUP BY 1"))
        .tuples()
        .all()
    )
    oracle = {
        folder.name: sum(int(row["PMUN"]) for path in folder.iterdir() for row in read_csv(path, ";"))
        for folder in (mirror / "insee__populations").iterdir()
    }
    assert found == oracle
    assert found["2022"] == 67_760_573


@pytest.mark.lent
def test_communes_are_those_of_the_cog(commun, mirror: Path):
    cog = read_csv(mirror / "insee__communes" / "2025" / "v_commune_2025.csv")
    oracle = {row["COM"]: (row["LIBELLE"], row["DEP"]) for row in cog if row["TYPECOM"] == "COM"}
    query = "SELECT code_commune, nom_commune, code_departement FROM dim_communes WHERE est_actuelle"
    found = {code: (name, dep) for code, name, dep in commun[0].execute(text(query))}
    assert found == oracle
    assert len(found) == 34_875


@pytest.mark.lent
def test_epci_populations_are_those_of_dgcl(commun, mirror: Path):
    from python_calamine import CalamineWorkbook

    sheet = CalamineWorkbook.from_path(mirror / "dgcl__intercommunalites" / "2025" / "epcicom2025.xlsx")
    header, *rows = sheet.get_sheet_by_index(0).to_python()
    siren, total = header.index("siren"), header.index("total_pop_mun")
    oracle = {str(int(float(row[siren]))): int(row[total]) for row in rows}
    query = "SELECT code_territoire, population FROM dim_territoires WHERE niveau = 'epci'"
    assert dict(commun[0].execute(text(query)).tuples().all()) == oracle


@pytest.mark.lent
def test_france_services_by_departement_are_those_of_the_list(commun, mirror: Path):
    rows = read_csv(mirror / "anct__france_services" / "2024-08-01" / "liste-fs-20240801.csv")
    oracle = Counter(row["insee_com"][: 3 if row["insee_com"].startswith("97") else 2] for row in rows)
    assert oracle.pop("978") == 2  # Saint-Martin is not in the COG
    query = (
        "SELECT c.code_departement, COUNT(*) FROM int_lieux_localises AS l JOIN dim_communes AS c "
        "ON c.code_commune = l.code_commune AND c.est_actuelle "
        "WHERE l.source = 'anct__france_services' AND l.millesime = '2024-08-01' GROUP BY 1"
    )
    assert dict(commun[0].execute(text(query)).tuples().all()) == dict(oracle)


@pytest.mark.lent
@pytest.mark.parametrize(
    ("day", "code", "expected"),
    [
        ("2024-01-01", "15141", {"15141": 834, "15035": 311, "15031": 217, "15171": 124, "15047": 91}),
        ("2018-01-01", "14712", {"14712": None, "14666": None}),
        ("2020-01-01", "27058", {"27676": 1}),
        ("2018-01-01", "14513", {"50592": 1}),  # moved to another département and merged on the same day
        ("2018-01-01", "75101", {"75056": 1}),
        ("2024-01-01", "49069", {"49126": 1}),
    ],
)
def test_codes_go_where_insee_says(commun, day: str, code: str, expected: dict[str, int | None]):
    query = text("SELECT code_commune, part FROM passage_communes WHERE date_reference = :d AND code_ancien = :c")
    found = dict(commun[0].execute(query, {"d": day, "c": code}).tuples().all())
    assert set(found) == set(expected)
    assert sum(found.values()) == pytest.approx(1)
    weights = {k: v for k, v in expected.items() if v is not None}
    for target, weight in weights.items():
        assert found[target] == pytest.approx(weight / sum(weights.values()))


@pytest.mark.lent
def test_a_code_that_never_changed_is_absent_from_the_passage(commun):
    assert commun[0].scalar(text("SELECT COUNT(*) FROM passage_communes WHERE code_ancien IN ('01001', '27676')")) == 0


@pytest.mark.lent
def test_a_real_place_is_not_wider_than_a_street(commun):
    """Unless all its descriptions give one number of one street: geocoders then disagree, not the lists."""
    query = text(
        "SELECT COUNT(*) FROM (SELECT p.id_lieu, MAX(l.latitude) - MIN(l.latitude) AS hauteur, "
        "MAX(l.longitude) - MIN(l.longitude) AS largeur, COUNT(DISTINCT l.numero) AS numeros "
        "FROM pont_lieux_sources AS p JOIN int_lieux_localises AS l "
        "USING (source, millesime, id_source) WHERE l.latitude IS NOT NULL GROUP BY 1) AS t "
        "WHERE (hauteur > 0.006 OR largeur > 0.009) AND numeros <> 1"
    )
    assert commun[0].scalar(query) <= 5


@pytest.mark.lent
def test_every_source_row_leads_to_a_place(commun):
    query = text(
        "SELECT (SELECT COUNT(*) FROM int_lieux_localises WHERE est_dernier_millesime), "
        "(SELECT COUNT(*) FROM pont_lieux_sources JOIN dim_lieux USING (id_lieu)), (SELECT COUNT(*) FROM dim_lieux)"
    )
    rows, linked, places = commun[0].execute(query).one()
    assert rows == linked
    assert places < 0.9 * rows


@pytest.mark.lent
def test_every_table_and_column_is_described_in_the_database(commun):
    query = text(
        "SELECT c.relname || COALESCE('.' || a.attname, '') FROM pg_class AS c JOIN pg_namespace AS n "
        "ON n.oid = c.relnamespace LEFT JOIN pg_attribute AS a ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped "
        "WHERE n.nspname IN (:commun, :staging) AND c.relkind IN ('r', 'v') AND "
        "(obj_description(c.oid) IS NULL OR col_description(c.oid, attnum) IS NULL)"
    )
    names = {"commun": f"commun__{commun[1]}", "staging": f"staging__{commun[1]}"}
    assert commun[0].scalars(query, names).all() == []
