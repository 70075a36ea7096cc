"""Production's PostgreSQL, on the very files of docker/postgres: TLS, SCRAM, and who gets in."""

from __future__ import annotations

import asyncio
import logging
import shutil
import ssl
import subprocess
from types import SimpleNamespace

import psycopg
import pytest

from pilotage.config import RACINE, secure_url
from tests.production import Production


def test_verified_tls_works_with_every_role_and_the_version_is_the_one_asked(production: Production) -> None:
    for role in ("pilotage", "chargeur", "lecteur"):
        for host in ("localhost", "127.0.0.1"):
            with psycopg.connect(production.url(role, host=host)) as connection:
                connection.execute("SET ROLE none")  # a role sees its own connections only
                query = "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
                assert connection.execute(query).fetchone() == (True, "TLSv1.3")


def test_plain_connections_are_refused(production: Production) -> None:
    with pytest.raises(psycopg.OperationalError, match=r"no encryption|rejects connection"):
        psycopg.connect(production.url("pilotage", sslmode="disable"))


def test_another_authority_is_refused(production: Production, tmp_path) -> None:
    subprocess.run([RACINE / "docker" / "creer_secrets.sh", tmp_path / "autre"], check=True, capture_output=True)
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        psycopg.connect(production.url("pilotage", sslrootcert=str(tmp_path / "autre" / "postgres_ca")))


def test_a_certificate_for_another_name_is_refused(production: Production) -> None:
    with pytest.raises(psycopg.OperationalError, match="does not match host name"):
        psycopg.connect(production.url("pilotage", host="ailleurs.exemple", hostaddr="127.0.0.1"))


def test_an_older_tls_is_refused(production: Production) -> None:
    with pytest.raises(psycopg.OperationalError, match=r"(?i)protocol version|alert"):
        psycopg.connect(production.url("pilotage", ssl_max_protocol_version="TLSv1.2"))


def test_a_password_kept_as_md5_does_not_open(production: Production) -> None:
    """Even the right one: the server asks for SCRAM, and keeps new passwords so."""
    assert production.sql("SELECT rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname = 'lecteur'") == "t"
    kept = production.sql("SELECT rolpassword FROM pg_authid WHERE rolname = 'lecteur'")
    word = production.password("lecteur")
    try:
        production.sql(f"SET password_encryption = 'md5'; ALTER ROLE lecteur PASSWORD '{word}'")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(production.url("lecteur"))
    finally:
        production.sql(f"ALTER ROLE lecteur PASSWORD '{kept}'")
    psycopg.connect(production.url("lecteur")).close()


def test_the_superuser_has_no_door_on_the_network(production: Production) -> None:
    for base in ("postgres", "pilotage"):
        with pytest.raises(psycopg.OperationalError, match="rejects connection"):
            psycopg.connect(production.url("postgres", base))


def test_airflow_s_two_drivers_check_the_certificate_too(production: Production, monkeypatch) -> None:
    """The addresses that docker/entree.py writes, as Airflow uses them."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.ext.asyncio import create_async_engine

    from tests.test_docker import module_of

    place = {"PILOTAGE_PG_HOTE": "localhost", "PILOTAGE_PG_PORT": str(production.port)}
    found = module_of("entree").environment_of(production.secrets, place)
    monkeypatch.setenv("PGSSLROOTCERT", found["PGSSLROOTCERT"])
    query = text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")

    async def ask() -> bool:
        engine = create_async_engine(found["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"])
        async with engine.connect() as connection:
            answer = await connection.scalar(query)
        await engine.dispose()
        return answer

    def ask_plainly() -> bool:
        engine = create_engine(found["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
        with engine.connect() as connection:
            answer = connection.scalar(query)
        engine.dispose()
        return answer

    assert asyncio.run(ask()) is True and ask_plainly() is True
    subprocess.run(
        [RACINE / "docker" / "creer_secrets.sh", production.dossier / "autre"], check=True, capture_output=True
    )
    monkeypatch.setenv("PGSSLROOTCERT", str(production.dossier / "autre" / "postgres_ca"))
    for way in (lambda: asyncio.run(ask()), ask_plainly):
        with pytest.raises(Exception, match="certificate verify failed"):
            way()
    shutil.rmtree(production.dossier / "autre")


def test_airflow_started_by_us_reaches_such_a_server(production: Production, tmp_path, monkeypatch) -> None:
    from sqlalchemy import text
    from sqlalchemy.ext.asyncio import create_async_engine

    from pilotage.config import Settings
    from pilotage.orchestration.environnement import airflow_environment

    settings = Settings(home_env=tmp_path)
    environment = airflow_environment(settings, secure_url(production.url("airflow", "airflow")), 1, nightly=True)
    monkeypatch.setenv("PGSSLROOTCERT", environment["PGSSLROOTCERT"])

    async def ask() -> str:
        engine = create_async_engine(environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"])
        async with engine.connect() as connection:
            answer = await connection.scalar(text("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
        await engine.dispose()
        return answer

    assert asyncio.run(ask()) == "TLSv1.3"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("postgresql://a:b@localhost/d", "postgresql+psycopg://a:b@localhost/d"),
        ("postgres://a:b@127.0.0.1:1/d", "postgresql+psycopg://a:b@127.0.0.1:1/d"),
        ("postgresql://a@/d?host=/var/run/postgresql", "postgresql+psycopg://a@/d?host=/var/run/postgresql"),
        ("postgresql://a:b@[::1]/d", "postgresql+psycopg://a:b@[::1]/d"),
        ("postgresql://a:b@base/d", "postgresql+psycopg://a:b@base/d?sslmode=verify-full&sslrootcert=/systeme"),
        (
            "postgresql://a:b@base/d?sslrootcert=/ca",
            "postgresql+psycopg://a:b@base/d?sslrootcert=/ca&sslmode=verify-full",
        ),
        (
            "postgresql://a@/d?host=base,localhost",
            "postgresql+psycopg://a@/d?host=base,localhost&sslmode=verify-full&sslrootcert=/systeme",
        ),
        ("postgresql://a:b@base/d?sslmode=verify-ca", "postgresql+psycopg://a:b@base/d?sslmode=verify-ca"),
    ],
)
def test_beyond_this_machine_the_certificate_is_checked(given: str, expected: str, monkeypatch, tmp_path) -> None:
    monkeypatch.delenv("PGSSLROOTCERT", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: SimpleNamespace(cafile="/systeme"))
    assert secure_url(given) == expected


def test_an_address_that_does_not_check_is_obeyed_and_told(caplog) -> None:
    with caplog.at_level(logging.WARNING):
        assert secure_url("postgresql://a:b@base/d?sslmode=disable").endswith("@base/d?sslmode=disable")
    assert "sslmode=disable ne vérifie pas le serveur" in caplog.text and ":b@" not in caplog.text
