"""An erasure whole: what is under way, unreadable, quoted elsewhere or shared between machines; on PostgreSQL."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from psycopg import sql
from typer.testing import CliRunner

from pilotage.config import Settings, get_settings
from pilotage.database import psycopg_connection
from pilotage.entrepot import compute_fingerprint
from pilotage.errors import ErreurConfiguration
from pilotage.gate import gate_source
from pilotage.landing import Depot, Recu
from pilotage.load import load_source
from pilotage.oppositions import read_key
from pilotage.personnes import erase_person, find_person
from tests.livraisons import deliver
from tests.portes import DEBITS, FICHIER, MILLESIME, content, rows, write_suite
from tests.test_personnes import NOM, land, named


@pytest.fixture(autouse=True)
def nobody(warehouse: Settings) -> None:
    """Neither list, nor key, nor delivery of another test."""
    shutil.rmtree(warehouse.landing, ignore_errors=True)
    (warehouse.home / "oppositions_cle").unlink(missing_ok=True)
    with psycopg_connection() as connection:
        for table in ("oppositions", "livraisons", "etapes", "controles"):
            connection.execute(sql.SQL("DELETE FROM pilotage.{}").format(sql.Identifier(table)))
        connection.execute("DELETE FROM pilotage.reglages WHERE cle LIKE 'oppositions%'")
        for schema in ("raw", "raw_candidats", "quarantaine"):
            connection.execute(f"DROP SCHEMA {schema} CASCADE")
            connection.execute(f"CREATE SCHEMA {schema}")


def test_an_unreadable_file_stops_no_erasure(
    warehouse: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from pilotage.__main__ import app

    write_suite(monkeypatch, tmp_path)
    land(named(58), current=False)
    land(named())
    load_source(DEBITS)
    gate_source(DEBITS)
    body = b"PK\x03\x04 rien d'autre"
    broken = Recu(DEBITS, MILLESIME, "b.zip", "0" * 64, len(body), "https://x.exemple/b", "", "2026-01-01")
    path = Depot(get_settings().landing).chemin(broken, broken.sha256)
    path.parent.mkdir(parents=True)
    path.write_bytes(body)
    path.with_name("b.zip.recu.json").write_text(json.dumps(broken.__dict__))
    shown = CliRunner().invoke(app, ["personnes", "chercher", NOM])
    assert shown.exit_code == 0 and "illisible, à regarder" in shown.output and "b.zip" in shown.output
    told = CliRunner().invoke(app, ["personnes", "effacer", NOM, "--motif", "demande 1", "--oui"])
    assert told.exit_code == 0 and "illisible, à regarder" in told.output and "retiré du dépôt" in told.output


def test_a_load_under_way_is_waited_for(warehouse: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A candidate that commits after the list was read, and before the erasure ends, does not keep the person."""
    write_suite(monkeypatch, tmp_path)
    deliver(DEBITS, MILLESIME, FICHIER, content(rows()))
    load_source(DEBITS)
    with psycopg_connection() as loading, ThreadPoolExecutor(1) as pool:
        loading.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (f"pilotage.raw.{DEBITS}",))
        query = f"CREATE TABLE raw_candidats.{DEBITS}__{'a' * 16} AS SELECT %s::text AS nom_com, ''::text AS _livraison"
        loading.execute(query, (NOM,))
        erasing = pool.submit(erase_person, NOM, "demande 1")
        with pytest.raises(TimeoutError):
            erasing.result(timeout=3)
        with psycopg_connection() as other:
            assert other.execute("SELECT 1 FROM pilotage.oppositions").fetchone(), "known to loads before it waits"
        loading.commit()
        done = erasing.result(timeout=60)
    assert done.cellules == 1 and DEBITS in done.sources
    with psycopg_connection() as connection:
        (left,) = connection.execute(f"SELECT nom_com FROM raw_candidats.{DEBITS}__{'a' * 16}").fetchone()
    assert left is None


def test_each_erasure_that_empties_cells_is_built_again(
    warehouse: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_suite(monkeypatch, tmp_path)
    start = compute_fingerprint()
    erase_person(NOM, "demande 1")
    listed = compute_fingerprint()
    land(named())
    with monkeypatch.context() as patch:  # the list as it was before this source was known to name the person
        patch.setattr("pilotage.copie.blank_opposed", lambda *_: 0)
        load_source(DEBITS)
    gate_source(DEBITS)
    loaded = compute_fingerprint()
    erase_person(NOM, "demande 1")
    emptied = compute_fingerprint()
    with psycopg_connection() as connection:
        query = sql.SQL("UPDATE raw.{} SET nom_com = %s WHERE code_insee = '01009'").format(sql.Identifier(DEBITS))
        connection.execute(query, (NOM,))
    erase_person(NOM, "demande 1")
    assert len({start, listed, loaded, emptied, compute_fingerprint()}) == 5
    erased = compute_fingerprint()
    erase_person(NOM, "demande 1")
    assert compute_fingerprint() == erased, "nothing to empty: nothing to build"


def test_two_names_of_the_same_bytes_leave_together(warehouse: Settings) -> None:
    depot = Depot(get_settings().landing)
    body = f"a\n{NOM}\n".encode()
    for rank, (name, sha, content_) in enumerate(
        [("a.csv", "1" * 64, body), ("b.csv", "1" * 64, body), ("a.csv", "2" * 64, b"a"), ("b.csv", "3" * 64, b"a")]
    ):
        recu = Recu(DEBITS, MILLESIME, name, sha, len(content_), "https://x.exemple/", "", f"2026-01-0{1 + rank}")
        path = depot.chemin(recu, sha)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content_)
        path.with_name(f"{name}.recu.json").write_text(json.dumps(recu.__dict__))
        with psycopg_connection() as connection:
            connection.execute(
                "INSERT INTO pilotage.livraisons (livraison, source, millesime, fichier, sha256, taille_octets, etat) "
                "VALUES (%s, %s, %s, %s, %s, 1, 'remplacee')",
                (recu.livraison, DEBITS, MILLESIME, name, sha),
            )
    assert len(erase_person(NOM, "demande 1").fichiers) == 2
    with psycopg_connection() as connection:
        query = "SELECT count(*) FROM pilotage.livraisons WHERE motif LIKE 'effacée du dépôt%'"
        assert connection.execute(query).fetchone() == (2,)


def test_the_journal_no_longer_quotes_the_person(warehouse: Settings) -> None:
    with psycopg_connection() as connection:
        connection.execute(
            "INSERT INTO pilotage.livraisons "
            "(livraison, source, millesime, fichier, sha256, taille_octets, etat, motif) "
            "VALUES ('a', 's', 'm', 'f', 'x', 1, 'refusee', %s)",
            (f"nom : 3 lignes, valeurs : « {NOM} »",),
        )
        connection.execute(
            "INSERT INTO pilotage.etapes (nuit, etape, objet, etat, message) VALUES ('n','e','s','echouee',%s)", (NOM,)
        )
        observed = json.dumps({"regle": "r", "exemples": ["bon", NOM]})
        connection.execute(
            "INSERT INTO pilotage.controles (suite, attente, succes, observe) VALUES ('s','a',false,%s)", (observed,)
        )
    assert [place.endroit for place in find_person(NOM)] == ["journal"] * 3
    assert erase_person(NOM, "demande 1").journal == 3
    assert find_person(NOM) == []
    with psycopg_connection() as connection:
        (left,) = connection.execute("SELECT observe FROM pilotage.controles").fetchone()
    assert left["exemples"][0] == "bon" and left["regle"] == "r"


def test_no_key_is_drawn_where_machines_share_a_store(
    warehouse: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shared = warehouse.model_copy(update={"magasin": f"file://{tmp_path}/magasin"})
    with pytest.raises(ErreurConfiguration, match="PILOTAGE_OPPOSITIONS_CLE"), psycopg_connection() as connection:
        read_key(connection, shared, create=True)
    assert not (warehouse.home / "oppositions_cle").exists()
    monkeypatch.setenv("PILOTAGE_OPPOSITIONS_CLE", "une clé partagée")
    with psycopg_connection() as connection:
        assert read_key(connection, shared, create=True) == "une clé partagée".encode()


def test_a_list_older_than_the_variable_keeps_its_key(warehouse: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with psycopg_connection() as connection:
        drawn = read_key(connection, warehouse, create=True)
    monkeypatch.setenv("PILOTAGE_OPPOSITIONS_CLE", "une autre, tirée depuis")
    with psycopg_connection() as connection:
        assert read_key(connection, warehouse, create=True) == drawn
