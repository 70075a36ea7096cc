"""The role `lecteur`, tried over TCP as a BI tool and as somebody who wants more than he may have."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import create_engine, inspect, make_url, text

from pilotage import generations
from pilotage.config import Settings
from pilotage.database import get_engine
from pilotage.generations import SCHEMAS
from pilotage.lecteur import LIMITES, ensure_reader

OLD, NEW = "g20260101t000000", "g20260102t000000"
REFUSES = {
    "écrire": "INSERT INTO commun.temoin VALUES (9)",
    "modifier": "UPDATE commun.temoin SET valeur = 9",
    "effacer": "DELETE FROM commun.temoin",
    "vider": "TRUNCATE commun.temoin",
    "supprimer la table": "DROP TABLE commun.temoin",
    "changer la table": "ALTER TABLE commun.temoin ADD COLUMN x int",
    "verrouiller": "BEGIN; LOCK TABLE commun.temoin IN ACCESS EXCLUSIVE MODE",
    "créer un schéma": "CREATE SCHEMA a_moi",
    "créer une table": "CREATE TABLE public.a_moi (x int)",
    "créer une table temporaire": "CREATE TEMP TABLE a_moi (x int)",
    "créer une extension": "CREATE EXTENSION pg_trgm SCHEMA commun",
    "lire raw": "SELECT * FROM raw.secret",
    "lire la quarantaine": "SELECT * FROM quarantaine.secret",
    "lire le journal": "SELECT * FROM pilotage.generations",
    "lire la génération gardée": f"SELECT * FROM commun__{OLD}.temoin",
    "lire une génération en construction": "SELECT * FROM commun__g20260103t000000.temoin",
    "lire les mots de passe": "SELECT * FROM pg_authid",
    "lire un fichier du serveur": "SELECT pg_read_file('PG_VERSION')",
    "écrire un fichier": "COPY commun.temoin TO '/tmp/x'",
    "lancer un programme": "COPY commun.temoin TO PROGRAM 'true'",
    "bloquer la publication": "SELECT pg_advisory_lock(hashtext('pilotage.generations'))",
    "écrire un grand objet": "SELECT lo_from_bytea(0, 'x')",
    "prendre un autre rôle": "SET ROLE pilotage",
    "se donner des droits": "GRANT SELECT ON raw.secret TO lecteur",
    "changer un réglage du serveur": "ALTER SYSTEM SET max_connections = 1",
    "créer un rôle": "CREATE ROLE complice",
}


@pytest.fixture(scope="module")
def reader(warehouse: Settings) -> str:
    """Two generations and what must stay hidden; the reader's own address."""
    with get_engine().begin() as connection:
        for schema in ("raw", "quarantaine"):
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
            connection.execute(text(f"CREATE TABLE {schema}.secret AS SELECT 'a@b.fr' AS mail"))
        for name, value in ((OLD, 1), (NEW, 2)):
            connection.execute(
                text(
                    "INSERT INTO pilotage.generations (generation, etat, empreinte, est_simulee) "
                    "VALUES (:g, 'en_construction', 'x', true)"
                ),
                {"g": name},
            )
            for schema in SCHEMAS:
                connection.execute(text(f"CREATE SCHEMA {schema}__{name}"))
                connection.execute(text(f"CREATE TABLE {schema}__{name}.temoin AS SELECT {value} AS valeur"))
        connection.execute(text("CREATE SCHEMA commun__g20260103t000000"))
        connection.execute(text("CREATE TABLE commun__g20260103t000000.temoin AS SELECT 3 AS valeur"))
    generations.switch(OLD)
    generations.switch(NEW)
    return ensure_reader()


def test_reads_the_visible_generation_over_tcp_with_both_drivers(reader: str) -> None:
    engine = create_engine(reader)
    with engine.connect() as connection:
        for schema in SCHEMAS:
            assert connection.scalar(text(f"SELECT valeur FROM {schema}.temoin")) == 2
        assert connection.scalar(text("SELECT current_user")) == "lecteur"
    seen = [name for name in inspect(engine).get_schema_names() if not name.startswith(("pg_", "information_"))]
    engine.dispose()
    assert set(SCHEMAS) <= set(seen)
    plain = make_url(reader).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as connection:
        assert connection.execute("SELECT valeur FROM synthese.temoin").fetchone() == (2,)
        for name, value in LIMITES.items():
            shown = connection.execute(f"SHOW {name}").fetchone()[0]
            assert shown in (value, "1min"), name


@pytest.mark.parametrize("essai", REFUSES)
def test_is_refused(reader: str, essai: str) -> None:
    """Even after lifting its own defaults: rights, not settings, are what refuses."""
    plain = make_url(reader).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedObject)):
            connection.execute(REFUSES[essai])


def test_cannot_open_another_database(reader: str, server: str) -> None:
    other = make_url(reader).set(drivername="postgresql", database="postgres")
    with pytest.raises(psycopg.OperationalError, match=r"permission denied"):
        psycopg.connect(other.render_as_string(hide_password=False))


def test_a_wrong_password_is_refused(reader: str) -> None:
    wrong = make_url(reader).set(drivername="postgresql", password="autre")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(wrong.render_as_string(hide_password=False))


def test_rights_follow_a_return(reader: str) -> None:
    engine = create_engine(reader)
    try:
        assert generations.go_back() == OLD
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT valeur FROM commun.temoin")) == 1
            with pytest.raises(Exception, match="permission denied"):
                connection.execute(text(f"SELECT * FROM commun__{NEW}.temoin"))
    finally:
        generations.go_back()
        engine.dispose()


def test_long_statements_are_cut(reader: str) -> None:
    plain = make_url(reader).set(drivername="postgresql").render_as_string(hide_password=False)
    limited = psycopg.connect(plain, options="-c statement_timeout=200")
    with limited as connection, pytest.raises(psycopg.errors.QueryCanceled):
        connection.execute("SELECT pg_sleep(5)")


def test_asking_again_keeps_the_password_and_hides_it(reader: str, warehouse: Settings) -> None:
    assert ensure_reader() == reader
    assert (warehouse.home / "lecteur").stat().st_mode & 0o077 == 0


def test_a_superuser_creates_the_loader_too_and_again_changes_nothing(warehouse: Settings) -> None:
    from pilotage.roles import CHARGEUR, ensure_loader

    first = ensure_loader(warehouse)
    assert ensure_loader(warehouse) == first
    assert (warehouse.home / "chargeur").stat().st_mode & 0o077 == 0
    engine = create_engine(first)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT current_user")) == CHARGEUR
        assert connection.scalar(text("SELECT count(*) FROM pilotage.livraisons")) == 0
        with pytest.raises(Exception, match="permission denied"):
            connection.execute(text("CREATE FUNCTION raw.f() RETURNS int LANGUAGE sql AS 'SELECT 1'"))
    engine.dispose()
