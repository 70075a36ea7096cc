"""A shapefile is several files and one delivery: its parts come with it, on any machine, and a new part renews it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pilotage.catalogue import get_source
from pilotage.config import get_settings
from pilotage.database import psycopg_connection
from pilotage.entrepot import compute_fingerprint
from pilotage.errors import ErreurDepot, ErreurLecture
from pilotage.fetch import fetch_source
from pilotage.landing import open_depot
from pilotage.load import attach, load_source
from pilotage.simulation.msap import CHAMPS, MILLESIME, NOM, PROJECTION, SOURCE, _dbf, _shp
from pilotage.verification import check_landing
from tests.magasin_s3 import serve_s3

POINTS = np.array([[700_000.0, 6_600_000.0], [710_000.0, 6_610_000.0], [720_000.0, 6_620_000.0]])


@pytest.fixture(scope="module")
def s3():
    with serve_s3() as address:
        yield address


@pytest.fixture
def miroir(warehouse, tmp_path, monkeypatch) -> Path:
    """A mirror's folder of three places, and an empty journal."""
    folder = tmp_path / "miroir" / SOURCE / MILLESIME
    folder.mkdir(parents=True)
    parts = {".dbf": attributes("Ormelles"), ".prj": PROJECTION.encode(), **_shp(POINTS)}
    for suffix, content in parts.items():
        (folder / f"{NOM}{suffix}").write_bytes(content)
    monkeypatch.setenv("PILOTAGE_SOURCES", str(tmp_path / "miroir"))
    use_machine(monkeypatch, tmp_path, "a")
    with psycopg_connection() as connection:
        connection.execute("DELETE FROM pilotage.livraisons")
        for schema in ("raw", "raw_candidats"):
            connection.execute(f"DROP SCHEMA {schema} CASCADE")
            connection.execute(f"CREATE SCHEMA {schema}")
    return folder


def attributes(city: str) -> bytes:
    rows = [{"locatin": f"{n} rue du Four, 01400 {city}, France", "city": city} for n in range(len(POINTS))]
    return _dbf([tuple(row.get(name, "x") for name in CHAMPS) for row in rows])


def use_machine(monkeypatch, tmp_path: Path, nom: str) -> None:
    """From here on, this process is another machine: a home of its own, the same database and store."""
    monkeypatch.setenv("PILOTAGE_HOME", str(tmp_path / nom))


def accept_all() -> list[str]:
    with psycopg_connection() as connection:
        waiting = [row[0] for row in connection.execute("SELECT livraison FROM pilotage.livraisons").fetchall()]
        for livraison in waiting:
            attach(connection, livraison)
    return waiting


def served() -> list[tuple]:
    with psycopg_connection() as connection:
        return connection.execute(f"SELECT DISTINCT city FROM raw.{SOURCE} ORDER BY 1").fetchall()


def states() -> list[tuple]:
    with psycopg_connection() as connection:
        return connection.execute("SELECT etat FROM pilotage.livraisons").fetchall()


def part(suffix: str) -> Path:
    """Where the current part lies on the machine of now."""
    depot = open_depot(get_settings())
    [found] = [r for r, current in depot.receipts(SOURCE) if current and r.fichier.endswith(suffix)]
    return depot.chemin(found, found.sha256)


def test_a_machine_reads_what_another_received(miroir, s3, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PILOTAGE_MAGASIN", f"{s3}/formes")
    fetch_source(SOURCE)
    use_machine(monkeypatch, tmp_path, "b")
    assert not list((tmp_path / "b").rglob("*.shx")), "the other machine has nothing yet"
    assert load_source(SOURCE).lignes == len(POINTS)


def test_what_another_machine_received_is_checked_against_its_card(miroir, s3, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PILOTAGE_MAGASIN", f"{s3}/verification")
    fetch_source(SOURCE)
    [whole] = (tmp_path / "a").rglob("*.shp")
    use_machine(monkeypatch, tmp_path, "b")
    states = {c.fichier: (c.etat, c.lignes) for c in check_landing(get_source(SOURCE), open_depot(get_settings()))}
    left = {f"{NOM}{suffix}": ("ecarte", 0) for suffix in (".dbf", ".prj", ".shx")}
    assert states == {f"{NOM}.shp": ("lu", len(POINTS)), **left}
    whole.chmod(0o644)
    whole.write_bytes(bytes([*whole.read_bytes()[:-1], 255]))
    use_machine(monkeypatch, tmp_path, "a")
    open_depot(get_settings()).magasin.push(whole)
    use_machine(monkeypatch, tmp_path, "c")
    [told] = [c for c in check_landing(get_source(SOURCE), open_depot(get_settings())) if c.etat == "refuse"]
    assert told.fichier == f"{NOM}.shp" and "abîmé" in told.message


def test_new_attributes_alone_renew_the_delivery(miroir) -> None:
    fetch_source(SOURCE)
    load_source(SOURCE)
    [livraison] = accept_all()
    before = compute_fingerprint()
    assert fetch_source(SOURCE).nouvelles == [] and load_source(SOURCE).lignes == 0, "nothing new"
    (miroir / f"{NOM}.dbf").write_bytes(attributes("Vaudreline"))
    assert fetch_source(SOURCE).nouvelles == [livraison]
    assert served() == [("Ormelles",)], "what was served goes on being served meanwhile"
    assert load_source(SOURCE).lignes == len(POINTS)
    assert accept_all() == [livraison] and served() == [("Vaudreline",)]
    assert compute_fingerprint() != before, "the warehouse is built again"


def test_a_part_that_comes_late_is_waited_for(miroir) -> None:
    late = (miroir / f"{NOM}.shx").read_bytes()
    (miroir / f"{NOM}.shx").unlink()
    fetch_source(SOURCE)
    with pytest.raises(ErreurLecture, match=rf"{NOM}.shp.*shapefile sans \.shx ; attendu : .*que faire : ") as caught:
        load_source(SOURCE)
    assert SOURCE in str(caught.value) and states() == [("refusee",)]
    (miroir / f"{NOM}.shx").write_bytes(late)
    fetch_source(SOURCE)
    assert load_source(SOURCE).lignes == len(POINTS)


def test_a_damaged_part_is_put_aside_and_taken_again(miroir) -> None:
    fetch_source(SOURCE)
    damaged = part(".dbf")
    damaged.chmod(0o644)
    damaged.write_bytes(damaged.read_bytes().replace(b"Four", b"Four"[::-1]))
    with pytest.raises(ErreurDepot, match=rf"{NOM}\.dbf : le fichier du dépôt est abîmé, mis de côté"):
        load_source(SOURCE)
    assert states() == [("recue",)], "the delivery is not at fault"
    fetch_source(SOURCE)
    assert load_source(SOURCE).lignes == len(POINTS)
    assert damaged.read_bytes() == (miroir / f"{NOM}.dbf").read_bytes()
