"""Fixtures: a real PostgreSQL for the session, a database a module, the mirror of real files when it is there."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from pilotage import postgres
from pilotage.config import RACINE, Settings, get_settings
from tests.entrepot_reel import entrepot_recommande, entrepot_reel  # noqa: F401
from tests.maison import maison  # noqa: F401
from tests.production import production  # noqa: F401

MIRROR = Path(os.environ.get("PILOTAGE_MIROIR", RACINE.parent / "shared" / "mirror"))


# Long tests that need no national warehouse: they go with the nights, so that the two processes end together.
A_COTE = {
    f"test_{name}.py"
    for name in (
        "airflow_reel", "bi", "epreuves", "machines", "roles", "sauvegarde", "secrets", "tls",
        "fuzz_apports", "fuzz_commandes", "fuzz_federation", "fuzz_fiches", "fuzz_formats", "fuzz_inspection",
        "fuzz_lecture",
    )
}  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark with `nuit` the tests that look at whole nights, and those that go with them: `make test` runs them beside
    the others, which share none of what is long to make with them."""
    nights = {item.path for item in items if "maison" in getattr(item, "fixturenames", ())}
    for item in items:
        if item.path in nights or item.path.name in A_COTE:
            item.add_marker(pytest.mark.nuit)


@pytest.fixture(scope="session")
def mirror() -> Path:
    """Folder of real files."""
    if not (MIRROR / "MANIFEST.tsv").exists():
        pytest.skip(f"mirror of real files absent ({MIRROR}); PILOTAGE_MIROIR names another folder")
    return MIRROR


@pytest.fixture(scope="session", autouse=True)
def _isolated_environment() -> Iterator[None]:
    """No test reads the developer's own warehouse."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [n for n in os.environ if n.startswith("PILOTAGE_")] + ["DATABASE_URL"]:
            patch.delenv(name, raising=False)
        patch.setenv("GX_ANALYTICS_ENABLED", "false")
        patch.setenv("PILOTAGE_HOME", tempfile.mkdtemp(prefix="pilotage-tests-"))
        patch.setenv("PILOTAGE_SOURCES", "simulation")
        yield
        shutil.rmtree(os.environ["PILOTAGE_HOME"], ignore_errors=True)


@pytest.fixture(scope="session")
def server(_isolated_environment: None) -> Iterator[str]:
    """URL of a PostgreSQL of our own: the embedded one, or the server that PILOTAGE_TEST_DATABASE_URL names."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="pilotage-pg-"))
    folder.chmod(0o755)  # root's server runs as another user
    settings = Settings(postgres_dir=folder)
    postgres.start(settings)
    try:
        yield settings.database_url
    finally:
        postgres.stop(settings)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def warehouse(
    server: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """Settings of an empty, migrated warehouse in a database of the module's own."""
    from pilotage.database import get_engine, migrate

    name = "test_" + request.module.__name__.rpartition(".")[2].removeprefix("test_")[:50]
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    url = make_url(server).set(database=name, drivername="postgresql").render_as_string(hide_password=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", url)
        patch.setenv("PILOTAGE_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("PILOTAGE_SOURCES", "simulation")
        settings = get_settings()
        migrate(settings)
        yield settings
        get_engine(settings).dispose()
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
    admin.dispose()
