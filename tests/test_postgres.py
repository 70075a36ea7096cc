"""The embedded PostgreSQL: starts for root too, keeps its data, survives a kill, listens on the loopback only."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import create_engine, text

from pilotage import postgres
from pilotage.config import Settings


@pytest.fixture
def settings() -> Iterator[Settings]:
    folder = Path(tempfile.mkdtemp(prefix="pilotage-pg-"))
    folder.chmod(0o755)
    value = Settings(postgres_dir=folder)
    yield value
    postgres.stop(value)
    shutil.rmtree(folder)


def query(settings: Settings, sql: str):
    engine = create_engine(settings.database_url)
    with engine.begin() as connection:
        result = connection.execute(text(sql))
        value = result.scalar() if result.returns_rows else None
    engine.dispose()
    return value


def test_life_of_a_server(settings: Settings) -> None:
    assert postgres.start(settings) and not postgres.start(settings)
    query(settings, "CREATE TABLE t AS SELECT 42 AS v")
    port = (postgres.postgres_dir(settings) / "port").read_text()
    assert postgres.stop(settings) and not postgres.stop(settings)
    assert postgres.start(settings)
    assert query(settings, "SELECT v FROM t") == 42
    assert (postgres.postgres_dir(settings) / "port").read_text() == port

    pid = int((postgres.postgres_dir(settings) / "donnees" / "postmaster.pid").read_text().split()[0])
    server = psutil.Process(pid)
    assert server.uids().effective != 0, "the server never runs as root"
    listening = {c.laddr.ip for c in server.net_connections("inet") if c.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}

    os.kill(pid, signal.SIGKILL)
    while psutil.pid_exists(pid) and server.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.05)
    assert not postgres.is_running(settings)
    assert postgres.start(settings)
    assert query(settings, "SELECT v FROM t") == 42


def test_password_is_asked_and_kept_private(settings: Settings) -> None:
    postgres.start(settings)
    secret = postgres.postgres_dir(settings) / "mot_de_passe"
    assert secret.stat().st_mode & 0o077 == 0
    wrong = settings.database_url.replace(secret.read_text(), "faux")
    with pytest.raises(Exception, match="password authentication failed"):
        create_engine(wrong).connect()


def test_extensions_of_the_design_are_there(settings: Settings) -> None:
    postgres.start(settings)
    for extension in ("cube", "earthdistance", "pg_trgm", "unaccent"):
        query(settings, f"CREATE EXTENSION {extension}")
