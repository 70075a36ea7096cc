"""A home in which whole nights run through Airflow on a simulated territory, shared by the tests that look at it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from pilotage import postgres
from pilotage.config import RACINE, Settings
from pilotage.simulation import write_simulation

COMMUNES = 300


@dataclass
class Maison:
    """A home, its input, and what its nights printed."""

    home: Path
    sources: Path
    sorties: list[subprocess.CompletedProcess] = field(default_factory=list)

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        environment = {n: v for n, v in os.environ.items() if not n.startswith("PILOTAGE_") and n != "DATABASE_URL"}
        environment |= {"PILOTAGE_HOME": str(self.home), "PILOTAGE_SOURCES": str(self.sources), "COLUMNS": "160"}
        done = subprocess.run(
            [sys.executable, "-m", "pilotage", *arguments],
            cwd=RACINE, env=environment, capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        self.sorties.append(done)
        return done

    def query(self, sql: str) -> list[tuple]:
        settings = Settings(home_env=self.home, sources="simulation")
        with postgres.lend(settings):
            engine = create_engine(settings.database_url)
            with engine.connect() as connection:
                rows = [tuple(row) for row in connection.execute(text(sql))]
            engine.dispose()
        return rows


@pytest.fixture(scope="session")
def maison() -> Iterator[Maison]:
    """The home after its first night, whose output is `sorties[0]`."""
    folder = Path(tempfile.mkdtemp(prefix="pilotage-nuit-"))
    folder.chmod(0o755)
    write_simulation(folder / "sources", COMMUNES, 7)
    home = Maison(folder / "home", folder / "sources")
    home.run("executer")
    yield home
    shutil.rmtree(folder, ignore_errors=True)
