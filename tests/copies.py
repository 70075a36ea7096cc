"""Nights on a mirror of one small source, and an empty place to restore into, for the tests of backups."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from pilotage.config import Settings, get_settings
from pilotage.database import get_engine, psycopg_connection
from pilotage.fetch import RapportFetch, fetch_source
from pilotage.gate import gate_source
from pilotage.load import load_source
from tests.portes import DEBITS, FICHIER, MILLESIME, clean, content, rows, write_suite

FAUTIVE = ["01999", "Trop", "01", "84", "10", "logloc", "0", "0", "0", "4", "0", "0", "7", MILLESIME]  # 11 of 10


def start_mirror(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """An empty mirror of simulated data, which becomes the input."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "SIMULATION").touch()
    patch.setenv("PILOTAGE_SOURCES", str(folder))
    return folder


def settle(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """A home of one's own on an emptied warehouse; returns its empty mirror."""
    patch.setenv("PILOTAGE_HOME", str(folder / "accueil"))
    patch.setenv("PILOTAGE_APPORTS", str(folder / "apports"))
    write_suite(patch, folder / "attentes")
    clean()
    return start_mirror(folder / "miroir", patch)


def serve(mirror: Path) -> Path:
    """Two deliveries of one file, the second in service with a row set aside."""
    night(mirror, rows())
    night(mirror, [*rows(70), FAUTIVE])
    return mirror


def damage(path: Path) -> None:
    """Change one bit."""
    path.chmod(0o644)
    content = path.read_bytes()
    path.write_bytes(content[:-2] + bytes([content[-2] ^ 1]) + content[-1:])


def night(mirror: Path, lines: list[list[str]], millesime: str = MILLESIME) -> RapportFetch:
    """Offer these rows, then fetch, load and judge."""
    target = mirror / DEBITS / millesime / FICHIER
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content(lines))
    report = fetch_source(DEBITS)
    load_source(DEBITS)
    gate_source(DEBITS)
    return report


@contextmanager
def elsewhere(server: str, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Another home and another database, both empty."""
    name = "test_ailleurs"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = make_url(server).set(database=name, drivername="postgresql").render_as_string(hide_password=False)
    try:
        with patch.context() as inner:
            inner.setenv("DATABASE_URL", url)
            inner.setenv("PILOTAGE_HOME", str(folder))
            inner.setenv("PILOTAGE_APPORTS", str(folder / "apports"))
            settings = get_settings()
            yield settings
            get_engine(settings).dispose()
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        admin.dispose()


def journal() -> dict[str, list[tuple]]:
    """What must come back the same: deliveries, rows served, rows set aside."""
    statements = {
        "livraisons": "SELECT livraison, millesime, sha256, etat, nb_lignes, nb_quarantaine, recue_le "
        "FROM pilotage.livraisons ORDER BY 1",
        "raw": "SELECT * FROM raw.arcep__debits ORDER BY _livraison, _ligne",
        "quarantaine": "SELECT livraison, ligne, ligne_physique, regle, raison, contenu::text "
        "FROM quarantaine.arcep__debits WHERE etat = 'en_quarantaine' ORDER BY 1, 2",
    }
    with psycopg_connection() as connection:
        if connection.execute("SELECT to_regclass('quarantaine.arcep__debits')").fetchone() == (None,):
            del statements["quarantaine"]  # made with its first row
        return {name: connection.execute(statement).fetchall() for name, statement in statements.items()}


def tree(folder: Path) -> dict[str, bytes]:
    """Deliveries, receipts and follow-ups of a landing."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
