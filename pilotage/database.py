"""The one way to the warehouse: SQLAlchemy engines, migrations, and psycopg below them for COPY."""

from __future__ import annotations

import time
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from pilotage.config import Settings, get_settings
from pilotage.verrou import OPTIONS

# What a server says while it starts again after a crash: «starting up», «in recovery mode», or a door shut on the way.
NOT_YET = ("the database system is", "server closed the connection unexpectedly", "terminating connection")
MIGRATIONS = Path(__file__).parent / "migrations"


def get_engine(settings: Settings | None = None) -> Engine:
    """Engine of the warehouse, one pool for each URL and process."""
    return _engine((settings or get_settings()).database_url)


@lru_cache(maxsize=8)
def _engine(url: str) -> Engine:
    return create_engine(url, pool_pre_ping=True, connect_args={"application_name": "pilotage", "options": OPTIONS})


def psycopg_connection(settings: Settings | None = None, **options: object):
    """A plain psycopg 3 connection for COPY, with libpq's own options; the caller closes it."""
    import psycopg

    url = make_url((settings or get_settings()).database_url).set(drivername="postgresql")
    return psycopg.connect(
        url.render_as_string(hide_password=False), application_name="pilotage-copy", **{"options": OPTIONS, **options}
    )


def wait_accepting(settings: Settings | None = None, patience_s: float = 60) -> None:
    """Wait as long as the server says that it is starting or recovering from a crash; any other refusal is raised.

    Raises:
        sqlalchemy.exc.OperationalError: nobody answers, or the server is still not ready after `patience_s` seconds.
    """
    deadline = time.monotonic() + patience_s
    while True:
        try:
            with get_engine(settings).connect():
                return
        except OperationalError as error:
            if not any(words in str(error.orig) for words in NOT_YET) or time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def migrate(settings: Settings | None = None) -> None:
    """Bring the tables that outlive a generation (schema `pilotage`) to this release's version, by Alembic.

    They are dumped before they change.

    Raises:
        ErreurConfiguration: a later release wrote this warehouse.
        ErreurSauvegarde: the dump could not be written; nothing changed.
    """
    from alembic import command
    from alembic.config import Config

    from pilotage.revision import keep_journal, known_revisions, read_revision, refuse_newer
    from pilotage.roles import grant_loader

    settings = settings or get_settings()
    wait_accepting(settings)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with get_engine(settings).begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('pilotage.migrations'))"))
        revision = read_revision(connection)
        refuse_newer(revision)
        if revision not in (None, known_revisions()[-1]):
            keep_journal(settings, revision)
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS pilotage"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        grant_loader(connection)


def ensure_database(name: str, settings: Settings | None = None) -> str:
    """Create database `name` on the same server if absent (Airflow's metadata live beside the warehouse).

    Returns:
        Its SQLAlchemy URL, password included.
    """
    url = make_url((settings or get_settings()).database_url)
    with create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
        found = connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name})
        if not found:
            quoted = connection.dialect.identifier_preparer.quote(name)
            connection.execute(text(f"CREATE DATABASE {quoted}"))
    return url.set(database=name).render_as_string(hide_password=False)
