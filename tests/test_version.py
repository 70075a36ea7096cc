"""From the former release to this one on a database that the former one made: nothing lost, and back again."""

from __future__ import annotations

import gzip
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from sqlalchemy import create_engine, make_url, text
from typer.testing import CliRunner

from pilotage import __version__, generations
from pilotage.__main__ import app
from pilotage.config import RACINE, Settings, get_settings
from pilotage.database import get_engine, migrate, psycopg_connection
from pilotage.errors import ErreurConfiguration
from pilotage.lecteur import ensure_role
from pilotage.revision import known_revisions, read_revision, refuse_newer
from pilotage.sauvegarde.ecriture import count_journal
from pilotage.sauvegarde.empreintes import fingerprint
from pilotage.sauvegarde.outils import find_tool, run_tool

AVANT = RACINE / "tests" / "data" / "version_0_1_0.sql.gz"
VISIBLE, PRECEDENTE = "g20261128t165723", "g20261128t164449"
BASE = "test_version_avant"


@pytest.fixture
def former(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The warehouse of release 0.1.0, as its own code left it."""
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {BASE} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {BASE}"))
    with admin.begin() as connection:
        ensure_role(connection)
    url = make_url(server).set(database=BASE, drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("PILOTAGE_HOME", str(tmp_path / "accueil"))
    settings = get_settings()
    psql = [str(find_tool(settings, "psql")), url, "--quiet", "--set=ON_ERROR_STOP=1"]
    done = subprocess.run(psql, input=gzip.decompress(AVANT.read_bytes()), capture_output=True)
    assert done.returncode == 0, done.stderr.decode()[-800:]
    yield settings
    get_engine(settings).dispose()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {BASE} WITH (FORCE)"))
    admin.dispose()


def revision() -> str:
    with get_engine().connect() as connection:
        return read_revision(connection)


def contents() -> tuple[dict[str, int], dict, list[tuple]]:
    """Rows of the journal; content of both generations; what is raw and set aside."""
    with psycopg_connection() as connection:
        tables = {g: fingerprint(connection, suffix) for g, suffix in (("ici", ""), ("aside", f"__{PRECEDENTE}"))}
        kept = connection.execute("SELECT * FROM raw.arcep__debits ORDER BY _livraison, _ligne").fetchall()
        kept += connection.execute("SELECT livraison, etat, sha256 FROM pilotage.livraisons ORDER BY 1").fetchall()
        return count_journal(connection), tables, kept


def readable(schema: str) -> bool:
    with psycopg_connection() as connection:
        query = "SELECT has_schema_privilege('lecteur', %s, 'USAGE')"
        return connection.execute(query, (schema,)).fetchone()[0]


def test_the_former_release_s_warehouse_goes_on_and_loses_nothing(former: Settings) -> None:
    assert revision() == "0002"
    rows, tables, kept = contents()
    assert rows["livraisons"] == 127 and len(tables["ici"]) == len(tables["aside"]) == 113
    migrate(former)
    assert revision() == known_revisions()[-1] != "0002"
    after, same_tables, same_kept = contents()
    assert rows.items() <= after.items() and (same_tables, same_kept) == (tables, kept)
    assert [(g.generation, g.etat) for g in generations.list_generations()] == [
        (VISIBLE, "visible"), (PRECEDENTE, "precedente"), ("g20261128t163907", "abandonnee")]  # fmt: skip
    assert generations.go_back() == PRECEDENTE
    assert readable("commun") and not readable(f"commun__{VISIBLE}")
    generations.switch(VISIBLE)
    assert readable("commun") and not readable(f"commun__{PRECEDENTE}")
    assert contents()[1:] == (tables, kept)
    done = CliRunner().invoke(app, ["generations"])
    assert done.exit_code == 0 and "visible" in done.stdout
    assert generations.drop_old() == [], "the former one is kept"
    with get_engine().begin() as connection:
        older = "UPDATE pilotage.generations SET etat = 'precedente', creee_le = now() WHERE etat = 'abandonnee'"
        connection.execute(text(older))
    assert generations.drop_old() == [PRECEDENTE]
    with psycopg_connection() as connection:
        assert fingerprint(connection) == tables["ici"]
        assert fingerprint(connection, f"__{PRECEDENTE}") == {}


def test_what_a_migration_changes_is_dumped_before_and_brings_the_former_back(former: Settings) -> None:
    rows, tables, kept = contents()
    migrate(former)
    migrate(former)
    (dump,) = (former.home / "sauvegardes" / "avant_migration").iterdir()
    assert re.fullmatch(r"pilotage_0002_\d{8}T\d{6}\.dump", dump.name)
    with get_engine().begin() as connection:
        connection.execute(text("DELETE FROM pilotage.livraisons"))
        connection.execute(text("ALTER SCHEMA pilotage RENAME TO pilotage_apres"))  # as docs/exploitation.md says
    run_tool(former, "pg_restore", "--no-owner", "--single-transaction", dump)
    assert revision() == "0002"
    assert contents() == (rows, tables, kept)


def test_a_migration_whose_dump_fails_does_not_begin(former: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pilotage.sauvegarde.outils.find_tool", lambda *_: Path("/bin/false"))
    with pytest.raises(Exception, match="code 1"):
        migrate(former)
    assert revision() == "0002"


def test_a_database_of_a_later_release_is_refused_and_left_alone(former: Settings) -> None:
    with get_engine().begin() as connection:
        connection.execute(text("UPDATE pilotage.version_alembic SET version_num = '9999'"))
    with pytest.raises(ErreurConfiguration, match=rf"schéma 9999, plus récent que Pilotage {re.escape(__version__)}"):
        migrate(former)
    assert revision() == "9999"
    assert not (former.home / "sauvegardes").exists()


def test_known_revisions_are_accepted() -> None:
    for known in (None, *known_revisions()):
        refuse_newer(known)
    assert known_revisions() == tuple(sorted(known_revisions()))


def test_the_version_is_the_same_everywhere() -> None:
    assert f'version = "{__version__}"' in (RACINE / "pyproject.toml").read_text()
    assert yaml.safe_load((RACINE / "dbt_project" / "dbt_project.yml").read_text())["version"] == __version__
    for place in (RACINE / "docker" / "compose.yaml", RACINE / "docker" / "machines.yaml", RACINE / ".env.example"):
        assert set(re.findall(r"\bpilotage(?:-superset)?:(\d+\.\d+\.\d+)", place.read_text())) == {__version__}, place
    changes = re.findall(r"^## (\d+\.\d+\.\d+) — ", (RACINE / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert changes[0] == __version__ and "0.1.0" in changes
    assert CliRunner().invoke(app, ["--version"]).stdout == f"Pilotage {__version__}\n"
