"""The owner, the loader and the reader on a server as production has it: what each may do, and what each is refused."""

from __future__ import annotations

import psycopg
import pytest
from typer.testing import CliRunner

from pilotage.catalogue import load_catalogue
from pilotage.chaine import ingest
from pilotage.config import Settings, get_settings
from pilotage.database import get_engine, migrate
from pilotage.roles import CHARGEUR, read_rights
from pilotage.simulation import write_simulation
from tests.production import Production

SOURCES = ("arcep__debits", "mednum__lieux_mediation")
G1, G2 = "g20260101t000000", "g20260102t000000"


@pytest.fixture(scope="module")
def chez_chargeur(production: Production, tmp_path_factory: pytest.TempPathFactory):
    """A warehouse migrated by the owner and fed by the loader, two generations, one of them visible."""
    folder = tmp_path_factory.mktemp("roles")
    write_simulation(folder / "sources", 300, 7)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", production.url("pilotage"))
        patch.setenv("PILOTAGE_CHARGEUR_URL", production.url("chargeur"))
        patch.setenv("PILOTAGE_HOME", str(folder / "home"))
        patch.setenv("PILOTAGE_SOURCES", str(folder / "sources"))
        settings = get_settings()
        migrate(settings)
        with psycopg.connect(production.url("pilotage"), autocommit=True) as owner:
            for schema in (f"commun__{G1}", "commun", "recommandation"):
                owner.execute(f"CREATE SCHEMA {schema}")
                owner.execute(f"CREATE TABLE {schema}.temoin AS SELECT 1 AS valeur")
            owner.execute("CREATE TABLE commun.dim_territoires AS SELECT 'commune:01001' AS cle_territoire")
            owner.execute("GRANT USAGE ON SCHEMA commun TO lecteur; GRANT SELECT ON commun.temoin TO lecteur")
        migrate(settings)  # as every night begins
        done = ingest("nuit", list(SOURCES))
        yield settings, done, folder
        get_engine(settings).dispose()


def test_a_real_ingestion_works_as_the_loader(chez_chargeur, production: Production) -> None:
    _, done, _ = chez_chargeur
    assert done.erreurs == {} and len(done.acceptees) >= len(SOURCES)
    tables = [table.table for name in SOURCES for table in load_catalogue()[name].tables]
    owners = production.sql("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname IN ('raw', 'raw_candidats')")
    assert owners == CHARGEUR
    steps = production.sql("SELECT DISTINCT etat FROM pilotage.etapes")
    assert steps == "reussie"
    with psycopg.connect(production.url("pilotage")) as owner:  # what dbt does: read, and maintain
        counts = [owner.execute(f'SELECT count(*) FROM raw."{table}"').fetchone()[0] for table in tables]
        owner.execute(f'ANALYZE raw."{tables[0]}"')
    assert sum(counts) > 300


def test_a_delivery_replaced_by_the_loader_leaves_one_partition(chez_chargeur, production: Production) -> None:
    """Even one that the owner had loaded, before there was a loader."""
    settings, _, folder = chez_chargeur
    path = next(folder.glob("sources/arcep__debits/*/*.csv"))
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join(lines[:-3] + lines[-2:]))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PILOTAGE_CHARGEUR_URL")
        patch.setenv("DATABASE_URL", production.url("pilotage"))
        assert ingest("nuit", ["arcep__debits"]).erreurs == {}
    path.write_bytes(b"\n".join(lines[:-4] + lines[-2:]))
    migrate(settings)
    assert ingest("nuit", ["arcep__debits"]).erreurs == {}
    name = f"{path.parent.name}/{path.name}"
    query = (
        "SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pilotage.livraisons l "
        f"ON c.relname = l.table_raw || '__' || l.livraison WHERE l.millesime || '/' || l.fichier = '{name}'"
    )
    assert production.sql(query) == "1"


REFUS_CHARGEUR = {
    "écrire une table publiée": "INSERT INTO commun.temoin VALUES (2)",
    "lire une table publiée": "SELECT * FROM commun.temoin",
    "supprimer une table publiée": "DROP TABLE commun.temoin",
    "supprimer une génération": f"DROP SCHEMA commun__{G1} CASCADE",
    "renommer une génération": f"ALTER SCHEMA commun__{G1} RENAME TO autre",
    "écrire dans une génération": f"CREATE TABLE commun__{G1}.t (a int)",
    "décider d'une génération": "UPDATE pilotage.generations SET etat = 'visible'",
    "lire les générations": "SELECT * FROM pilotage.generations",
    "effacer le journal": "DELETE FROM pilotage.livraisons",
    "effacer les contrôles": "DELETE FROM pilotage.controles",
    "vider les étapes": "TRUNCATE pilotage.etapes",
    "changer un réglage": "UPDATE pilotage.reglages SET valeur = 'false'",
    "ajouter une opposition": "INSERT INTO pilotage.oppositions VALUES ('x', 'y', 1, 'z')",
    "changer le journal": "ALTER TABLE pilotage.livraisons ADD COLUMN x int",
    "créer dans le journal": "CREATE TABLE pilotage.t (a int)",
    "supprimer raw": "DROP SCHEMA raw CASCADE",
    "renommer raw": "ALTER SCHEMA raw RENAME TO autre",
    "donner raw à un autre": "GRANT USAGE ON SCHEMA raw TO lecteur WITH GRANT OPTION; DROP SCHEMA raw",
    "créer un schéma": "CREATE SCHEMA a_moi",
    "créer dans public": "CREATE TABLE public.t (a int)",
    "créer une table temporaire": "CREATE TEMP TABLE t (a int)",
    "créer une fonction sql": "CREATE FUNCTION raw.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "créer une fonction plpgsql": "CREATE FUNCTION raw.f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'",
    "créer une fonction c": "CREATE FUNCTION raw.f() RETURNS int LANGUAGE c AS 'libc', 'system'",
    "créer une fonction internal": "CREATE FUNCTION raw.f(text) RETURNS int LANGUAGE internal AS 'textlen'",
    "exécuter un bloc": "DO $$ BEGIN PERFORM 1; END $$",
    "créer une extension": "CREATE EXTENSION pg_trgm SCHEMA raw",
    "prendre le rôle du propriétaire": "SET ROLE proprietaire",
    "prendre le rôle pilotage": "SET ROLE pilotage",
    "prendre le rôle postgres": "SET ROLE postgres",
    "changer de session": "SET SESSION AUTHORIZATION pilotage",
    "devenir membre": "GRANT proprietaire TO chargeur",
    "créer un rôle": "CREATE ROLE complice LOGIN",
    "se faire superutilisateur": "ALTER ROLE chargeur SUPERUSER",
    "changer le mot de passe d'un autre": "ALTER ROLE lecteur PASSWORD 'x'",
    "lire les mots de passe": "SELECT * FROM pg_authid",
    "lire pg_shadow": "SELECT * FROM pg_shadow",
    "lire un fichier du serveur": "SELECT pg_read_file('PG_VERSION')",
    "lister un dossier du serveur": "SELECT pg_ls_dir('.')",
    "charger depuis un fichier": "COPY pilotage.etapes FROM '/etc/passwd'",
    "écrire un fichier du serveur": "COPY (SELECT 1) TO '/tmp/x'",
    "lancer un programme": "COPY (SELECT 1) TO PROGRAM 'true'",
    "lire d'un programme": "COPY pilotage.etapes FROM PROGRAM 'id'",
    "écrire un grand objet": "SELECT lo_from_bytea(0, 'x')",
    "importer un grand objet": "SELECT lo_import('/etc/passwd')",
    "changer un réglage du serveur": "ALTER SYSTEM SET ssl = off",
    "relire la configuration": "SELECT pg_reload_conf()",
    "arrêter la session d'un autre": "SELECT pg_terminate_backend(pid) FROM pg_stat_get_activity(NULL) "
    "WHERE usesysid = (SELECT oid FROM pg_roles WHERE rolname = 'postgres') OR backend_type = 'walwriter'",
    "créer un serveur étranger": "CREATE FOREIGN DATA WRAPPER x",
    "publier": "CREATE PUBLICATION p FOR ALL TABLES",
    "suivre le journal du serveur": "SELECT pg_create_physical_replication_slot('x')",
    "poser un déclencheur d'événement": "CREATE EVENT TRIGGER t ON ddl_command_start EXECUTE FUNCTION f()",
    "donner sa table à un autre": "CREATE TABLE raw.t (a int); ALTER TABLE raw.t OWNER TO proprietaire",
    "lire le marts par une vue à soi": "CREATE VIEW raw.v AS SELECT * FROM commun.temoin; SELECT * FROM raw.v",
    "créer une base": "CREATE DATABASE x",
}
REFUS_LECTEUR = {
    "écrire une table publiée": "INSERT INTO commun.temoin VALUES (2)",
    "lire raw": 'SELECT * FROM raw."arcep__debits"',
    "lire la quarantaine": "CREATE TABLE quarantaine.t (a int)",
    "lire le journal": "SELECT * FROM pilotage.livraisons",
    "lire les oppositions": "SELECT * FROM pilotage.oppositions",
    "lire une génération cachée": f"SELECT * FROM commun__{G1}.temoin",
    "prendre le rôle chargeur": "SET ROLE chargeur",
    "prendre le rôle du propriétaire": "SET ROLE proprietaire",
    "exécuter un bloc": "DO $$ BEGIN PERFORM 1; END $$",
    "lancer un programme": "COPY (SELECT 1) TO PROGRAM 'true'",
    "lire les mots de passe": "SELECT * FROM pg_authid",
    "tenir le verrou de la publication": "SELECT pg_advisory_lock(1)",
}
REFUS_PROPRIETAIRE = {
    "lire les mots de passe": "SELECT * FROM pg_authid",
    "lancer un programme": "COPY (SELECT 1) TO PROGRAM 'true'",
    "lire un fichier du serveur": "SELECT pg_read_file('PG_VERSION')",
    "créer une fonction c": "CREATE FUNCTION raw.f() RETURNS int LANGUAGE c AS 'libc', 'system'",
    "prendre le rôle postgres": "SET ROLE postgres",
    "prendre le rôle airflow": "SET ROLE airflow",
    "se faire superutilisateur": "ALTER ROLE pilotage SUPERUSER",
    "créer un rôle": "CREATE ROLE complice LOGIN",
    "changer un réglage du serveur": "ALTER SYSTEM SET ssl = off",
    "créer une base": "CREATE DATABASE x",
}
REFUS = [("chargeur", e, s) for e, s in REFUS_CHARGEUR.items()]
REFUS += [("lecteur", e, s) for e, s in REFUS_LECTEUR.items()]
REFUS += [("pilotage", e, s) for e, s in REFUS_PROPRIETAIRE.items()]
NON = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.UndefinedObject,
    psycopg.errors.ReadOnlySqlTransaction,
)


@pytest.mark.parametrize(("role", "essai", "sql"), REFUS, ids=[f"{r}-{e}" for r, e, _ in REFUS])
def test_is_refused(chez_chargeur, production: Production, role: str, essai: str, sql: str) -> None:
    with psycopg.connect(production.url(role), autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        with pytest.raises(NON):
            connection.execute(sql)


@pytest.mark.parametrize(("role", "base"), [(r, b) for r in ("chargeur", "lecteur") for b in ("airflow", "postgres")])
def test_no_role_connects_elsewhere(production: Production, role: str, base: str) -> None:
    with pytest.raises(psycopg.OperationalError, match=r"rejects connection"):
        psycopg.connect(production.url(role, base))
    production.sql("GRANT CONNECT ON DATABASE airflow TO airflow")  # and were the rules of the network wider:
    assert production.sql(f"SELECT has_database_privilege('{role}', '{base}', 'CONNECT')") == "f"


def test_the_loader_reads_the_codes_it_checks_against(chez_chargeur, production: Production) -> None:
    with psycopg.connect(production.url("chargeur")) as loader:
        assert loader.execute("SELECT cle_territoire FROM commun.dim_territoires").fetchone() == ("commune:01001",)


def test_without_its_address_ingestion_goes_as_the_owner(chez_chargeur, monkeypatch) -> None:
    from pilotage.roles import as_loader

    settings: Settings = get_settings()
    with as_loader():
        assert "//chargeur:" in settings.database_url
    assert "//pilotage:" in settings.database_url
    monkeypatch.delenv("PILOTAGE_CHARGEUR_URL")
    with as_loader():
        assert "//pilotage:" in get_settings().database_url


def test_the_command_tells_who_may_do_what(chez_chargeur, monkeypatch) -> None:
    from pilotage.__main__ import app

    monkeypatch.setenv("COLUMNS", "300")
    shown = CliRunner().invoke(app, ["roles"])
    assert shown.exit_code == 0, shown.output
    lines = {line.split("│")[1].strip(): line for line in shown.output.splitlines() if line.count("│") > 5}
    assert {"chargeur", "lecteur", "proprietaire"} <= set(lines)
    assert "commun" not in lines["chargeur"].split("│")[3] and "raw" in lines["chargeur"].split("│")[4]
    with get_engine().connect() as connection:
        loader, reader = read_rights(connection, "chargeur"), read_rights(connection, "lecteur")
        assert not read_rights(connection, "personne").existe
    assert set(loader.schemas) == {"raw", "raw_candidats", "quarantaine"} and not loader.cree_fonctions
    assert {"pilotage.livraisons", "pilotage.etapes"} <= set(loader.ecrit) and "pilotage.generations" not in loader.lit
    assert reader.ecrit == reader.possede == reader.schemas == () and reader.lit == ("commun",)
