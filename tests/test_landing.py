"""Landing: what is recorded in the journal, what survives a loss, and equal hashes by folder and by HTTP."""

from __future__ import annotations

import csv
import shutil
import threading

import pytest
from sqlalchemy import text

from pilotage import fetch
from pilotage.catalogue import load_catalogue
from pilotage.database import get_engine
from pilotage.demande import Demande, Limites
from pilotage.errors import ErreurConfiguration, ErreurTelechargement
from pilotage.fetch import RapportFetch, fetch_source, land_source, reindex_landing
from pilotage.landing import Depot
from tests import faults
from tests.collecte import BON, CARTE, LIMITES, land, offer

DEMANDE = Demande("essai__fichiers", "2024", "f.csv", "")


@pytest.fixture
def serveur():
    with faults.serve_routes() as running:
        yield running


@pytest.fixture
def entrepot(warehouse, serveur, monkeypatch, tmp_path):
    """An empty journal and landing, fed by the local server as a mirror of real data."""
    monkeypatch.setenv("PILOTAGE_HOME", str(tmp_path))
    monkeypatch.setenv("PILOTAGE_SOURCES", serveur.url)
    monkeypatch.setattr(fetch, "get_source", lambda nom: CARTE)
    with get_engine().begin() as connection:
        connection.execute(text("TRUNCATE pilotage.livraisons, pilotage.reglages"))
    return Depot(tmp_path / "depot")


def journal() -> dict[str, str]:
    """State of each delivery, by its size."""
    with get_engine().begin() as connection:
        rows = connection.execute(text("SELECT taille_octets, etat FROM pilotage.livraisons ORDER BY 1")).all()
    return {row.taille_octets: row.etat for row in rows}


def decide(etat: str, taille: int) -> None:
    with get_engine().begin() as connection:
        connection.execute(
            text("UPDATE pilotage.livraisons SET etat = :etat WHERE taille_octets = :taille"),
            {"etat": etat, "taille": taille},
        )


def test_delivery_is_recorded_once(entrepot, serveur):
    offer(serveur, f__csv=faults.good(BON))
    first = fetch_source("essai__fichiers")
    [(recu, _)] = entrepot.receipts()
    assert first.nouvelles == [recu.livraison] and first.octets == len(BON)
    second = fetch_source("essai__fichiers")
    assert (second.nouvelles, second.inchangees, second.octets) == ([], 1, 0)
    with get_engine().connect() as connection:
        row = connection.execute(text("SELECT * FROM pilotage.livraisons")).one()
    assert (row.livraison, row.etat, row.table_raw, row.sha256) == (
        recu.livraison, "recue", "essai__fichiers", recu.sha256,
    )  # fmt: skip
    assert row.url == recu.url and row.etag == '"v1"' and row.recue_le is not None


def test_newer_delivery_replaces_one_that_nobody_loaded(entrepot, serveur):
    offer(serveur, f__csv=faults.good(BON))
    fetch_source("essai__fichiers")
    offer(serveur, f__csv=faults.good(BON + b"x", etag='"v2"'))
    fetch_source("essai__fichiers")
    assert journal() == {len(BON): "remplacee", len(BON) + 1: "recue"}


def test_upstream_that_goes_back_brings_its_former_delivery_back(entrepot, serveur):
    for corps, etag in ((BON, '"v1"'), (BON + b"x", '"v2"'), (BON, '"v3"')):
        offer(serveur, f__csv=faults.good(corps, etag=etag))
        rapport = fetch_source("essai__fichiers")
    assert len(rapport.nouvelles) == 1 and journal() == {len(BON): "recue", len(BON) + 1: "remplacee"}


def test_refused_current_delivery_gives_way_to_the_one_before_when_nothing_serves(entrepot, serveur):
    offer(serveur, f__csv=faults.good(BON))
    fetch_source("essai__fichiers")
    offer(serveur, f__csv=faults.good(BON + b"x", etag='"v2"'))
    fetch_source("essai__fichiers")
    decide("refusee", len(BON) + 1)
    assert len(fetch_source("essai__fichiers").nouvelles) == 1
    assert journal() == {len(BON): "recue", len(BON) + 1: "refusee"}
    decide("acceptee", len(BON))
    assert fetch_source("essai__fichiers").nouvelles == []
    assert journal() == {len(BON): "acceptee", len(BON) + 1: "refusee"}


def test_failing_file_does_not_keep_the_others_out_of_the_journal(entrepot, serveur):
    offer(serveur, a__csv=faults.good(BON), b__csv=faults.answer(404), c__csv=faults.answer(200, b""))
    with pytest.raises(ErreurTelechargement) as caught:
        fetch_source("essai__fichiers", LIMITES)
    assert "2 fichiers" in str(caught.value) and "2024/b.csv" in str(caught.value) and "2024/c.csv" in str(caught.value)
    assert journal() == {len(BON): "recue"}


def test_lost_journal_is_rebuilt_from_the_landing_alone(entrepot, serveur):
    offer(serveur, f__csv=faults.good(BON))
    fetch_source("essai__fichiers")
    offer(serveur, f__csv=faults.good(BON + b"x", etag='"v2"'))
    before = fetch_source("essai__fichiers").nouvelles
    with get_engine().begin() as connection:
        connection.execute(text("TRUNCATE pilotage.livraisons"))
    serveur.routes.clear()
    assert reindex_landing() == before
    assert journal() == {len(BON): "remplacee", len(BON) + 1: "recue"}
    assert reindex_landing() == []


def test_lost_journal_is_rebuilt_even_when_upstream_is_down(entrepot, serveur):
    offer(serveur, f__csv=faults.good(BON))
    fetch_source("essai__fichiers")
    with get_engine().begin() as connection:
        connection.execute(text("TRUNCATE pilotage.livraisons"))
    serveur.routes["/MANIFEST.tsv"] = faults.answer(503)
    with pytest.raises(ErreurTelechargement, match="panne du serveur"):
        fetch_source("essai__fichiers", LIMITES)
    assert journal() == {len(BON): "recue"}


def test_real_and_simulated_data_do_not_meet(entrepot, serveur, monkeypatch, tmp_path):
    offer(serveur, f__csv=faults.good(BON))
    fetch_source("essai__fichiers")
    simulated = tmp_path / "simulees"
    simulated.mkdir()
    (simulated / "SIMULATION").touch()
    monkeypatch.setenv("PILOTAGE_SOURCES", str(simulated))
    with pytest.raises(ErreurConfiguration, match="réelles"):
        fetch_source("essai__fichiers")
    assert journal() == {len(BON): "recue"}


def test_simulated_folder_served_by_http_does_not_pass_for_real(entrepot, serveur):
    offer(serveur, f__csv=faults.good(BON))
    serveur.routes["/SIMULATION"] = faults.good(b"simulation\n")
    with pytest.raises(ErreurTelechargement, match="données simulées"):
        fetch_source("essai__fichiers")
    assert journal() == {} and list(entrepot.receipts()) == []


def test_two_fetches_at_once_record_one_delivery(entrepot, serveur):
    offer(serveur, f__csv=faults.good(BON))
    reports = []
    threads = [threading.Thread(target=lambda: reports.append(fetch_source("essai__fichiers"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(report.nouvelles) for report in reports) == [0, 1]
    assert sorted(report.octets for report in reports) == [0, len(BON)]


def test_internet_mode_asks_for_addresses_in_the_card(entrepot, monkeypatch):
    monkeypatch.setenv("PILOTAGE_SOURCES", "internet")
    with pytest.raises(ErreurTelechargement, match="la fiche ne donne aucune adresse"):
        fetch_source("essai__fichiers")


def test_landed_bytes_that_vanished_are_fetched_again(serveur, tmp_path):
    depot = Depot(tmp_path)
    offer(serveur, f__csv=faults.good(BON))
    land(serveur, depot)
    shutil.rmtree(depot.chemin(DEMANDE, depot.read_suivi(DEMANDE).sha256).parent)
    assert land(serveur, depot)[0].octets == len(BON)
    assert depot.read_suivi(DEMANDE) is not None


def test_receipts_that_are_not_ours_are_left_aside(serveur, tmp_path):
    depot = Depot(tmp_path)
    offer(serveur, f__csv=faults.good(BON))
    land(serveur, depot)
    [path] = tmp_path.glob("essai__fichiers/*/*/*.recu.json")
    (path.parent / "intrus.recu.json").write_text("{", encoding="utf-8")
    (path.parents[1] / "f.csv.suivi.json").write_text("[1]", encoding="utf-8")
    assert [recu.fichier for recu, _ in depot.receipts()] == ["f.csv"]
    rapport, errors = land(serveur, depot)
    assert errors == [] and rapport.octets == len(BON), "without its follow-up a file is fetched whole again"
    assert len(list(depot.receipts())) == 1


def test_second_collection_waits_then_says_so(tmp_path):
    depot = Depot(tmp_path)
    held, refused = depot.lock("essai__fichiers", 1), pytest.raises(ErreurTelechargement, match="encore en cours")
    with held, refused, depot.lock("essai__fichiers", 0.2):
        pytest.fail("two collections hold the same lock")


def test_http_mirror_without_manifest_is_read_from_its_index_pages(tmp_path):
    folder = tmp_path / "miroir" / "essai__fichiers" / "2024"
    folder.mkdir(parents=True)
    (folder / "été n°1.csv").write_bytes(BON)
    (folder / "b.json").write_bytes(b"[1]")
    (folder / ".cache").write_bytes(b"x")
    listed = {}
    with faults.serve_folder(tmp_path / "miroir") as url:
        for kind, miroir in (("http", url), ("dossier", str(tmp_path / "miroir"))):
            depot = Depot(tmp_path / kind)
            assert land_source(CARTE, miroir, depot, LIMITES, RapportFetch("essai__fichiers"), False) == []
            listed[kind] = {(recu.fichier, recu.sha256) for recu, _ in depot.receipts()}
    assert listed["http"] == listed["dossier"] and {nom for nom, _ in listed["http"]} == {"été n°1.csv", "b.json"}


def test_manifest_that_is_not_one_is_refused(serveur, tmp_path):
    serveur.routes["/MANIFEST.tsv"] = faults.good(b"nom\tfichier\na\tb\n")
    with pytest.raises(ErreurTelechargement, match="colonnes absentes : file, millesime, source"):
        land(serveur, Depot(tmp_path))


@pytest.mark.parametrize("nom", ["../../x.csv", "a/b.csv", ".cache.csv", "x.csv.recu.json", "C:x.csv", "\u0007.csv"])
def test_manifest_cannot_lead_out_of_the_landing(serveur, tmp_path, nom):
    corps = f"source\tmillesime\tfile\nessai__fichiers\t2024\t{nom}\nessai__fichiers\t../2024\tf.csv\n".encode()
    serveur.routes["/MANIFEST.tsv"] = faults.good(corps)
    _, errors = land(serveur, Depot(tmp_path / "depot"))
    assert len(errors) == 2 and all("nom de fichier ou de millésime refusé" in str(error) for error in errors)
    assert list(tmp_path.rglob("*.csv*")) == []


def test_real_mirror_lands_the_same_by_folder_and_by_http(mirror, tmp_path):
    with (mirror / "MANIFEST.tsv").open(encoding="utf-8", newline="") as handle:
        rows = csv.DictReader(handle, delimiter="\t")
        announced = {(row["source"], row["millesime"], row["file"]): row["sha256"] for row in rows}
    hashes = {}
    with faults.serve_folder(mirror) as url:
        for kind, miroir in (("http", url), ("dossier", str(mirror))):
            depot = Depot(tmp_path / kind)
            for card in load_catalogue().values():
                assert land_source(card, miroir, depot, Limites(), RapportFetch(card.source), False) == []
            hashes[kind] = {(r.source, r.millesime, r.fichier): r.sha256 for r, _ in depot.receipts()}
            shutil.rmtree(depot.racine)
    assert hashes["http"] == hashes["dossier"] and len(hashes["http"]) > 40
    assert all(announced[key] == sha256 for key, sha256 in hashes["http"].items())
