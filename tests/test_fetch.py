"""Fetch: what a night costs, resumption, retries, and what the journal is told."""

from __future__ import annotations

import threading
import time

import httpx
import pytest

from pilotage.answers import redirected
from pilotage.catalogue import get_source
from pilotage.demande import Demande, Limites
from pilotage.download import download
from pilotage.errors import ErreurFiche, ErreurTelechargement
from pilotage.landing import Depot
from pilotage.transport import open_client
from pilotage.upstream import list_demandes
from tests import faults
from tests.collecte import BON, CHEMIN, LIMITES, land, offer


@pytest.fixture
def serveur():
    with faults.serve_routes() as running:
        yield running


@pytest.fixture
def depot(tmp_path):
    return Depot(tmp_path / "depot")


def test_every_fault_left_no_trace_once_upstream_is_well_again(serveur, depot):
    offer(serveur, f__csv=faults.short(BON, len(BON) + 500))
    assert len(land(serveur, depot)[1]) == 1
    offer(serveur, f__csv=faults.good(BON))
    rapport, errors = land(serveur, depot)
    assert errors == [] and rapport.octets == len(BON)
    assert not list(depot.racine.rglob("*.partiel*"))


def test_unchanged_night_costs_one_conditional_request_a_file(serveur, depot):
    offer(serveur, a__csv=faults.good(BON), b__csv=faults.good(BON + b"x"))
    assert land(serveur, depot)[0].octets == 2 * len(BON) + 1
    before = sorted((path, path.stat().st_mtime_ns) for path in depot.racine.rglob("*") if path.is_file())
    serveur.demandes.clear()
    rapport, errors = land(serveur, depot)
    assert (errors, rapport.inchangees, rapport.octets) == ([], 2, 0)
    assert [(demande.chemin, demande.statut, demande.octets) for demande in serveur.demandes] == [
        ("/MANIFEST.tsv", 304, 0), (CHEMIN + "a.csv", 304, 0), (CHEMIN + "b.csv", 304, 0),
    ]  # fmt: skip
    after = sorted((path, path.stat().st_mtime_ns) for path in depot.racine.rglob("*") if path.is_file())
    assert [pair for pair in after if pair[0].name != ".verrou"] == [p for p in before if p[0].name != ".verrou"]


def test_last_modified_alone_is_enough_for_a_304(serveur, depot):
    stamp = "Wed, 01 May 2024 10:00:00 GMT"

    def route(handler):
        status, body = (304, b"") if handler.headers.get("If-Modified-Since") == stamp else (200, BON)
        faults.send(handler, status, {"Last-Modified": stamp, "Content-Length": str(len(body))}, body)

    offer(serveur, f__csv=route)
    land(serveur, depot)
    assert land(serveur, depot)[0].inchangees == 1
    assert [demande.statut for demande in serveur.asked(CHEMIN + "f.csv")] == [200, 304]


def test_same_bytes_without_validators_are_not_a_new_delivery(serveur, depot):
    offer(serveur, f__csv=faults.good(BON, etag=None))
    land(serveur, depot)
    rapport, _ = land(serveur, depot)
    assert rapport.inchangees == 1 and len(list(depot.receipts())) == 1


def test_cut_transfer_is_resumed_within_a_run(serveur, depot):
    offer(serveur, f__csv=faults.good(BON, coupe=4000))
    _, errors = land(serveur, depot)
    assert errors == [] and depot.read_suivi(Demande("essai__fichiers", "2024", "f.csv", "")).taille_octets == len(BON)
    first, second = serveur.asked(CHEMIN + "f.csv")
    assert (first.statut, first.octets, second.statut, second.octets) == (200, 4000, 206, len(BON) - 4000)
    assert second.headers["Range"] == "bytes=4000-" and second.headers["If-Range"] == '"v1"'


def test_ranges_that_stop_short_are_followed_by_others(serveur, depot):
    offer(serveur, f__csv=faults.good(BON, coupe=4000, plafond=5000))
    assert land(serveur, depot)[1] == []
    assert [demande.octets for demande in serveur.asked(CHEMIN + "f.csv")] == [4000, 5000, len(BON) - 9000]


def test_redirection_may_gain_encryption_but_not_lose_it():
    demande = Demande("essai__fichiers", "2024", "f.csv", "https://exemple.fr/f.csv")
    assert redirected(demande, httpx.URL("http://exemple.fr/f"), "https://exemple.fr/f").scheme == "https"
    with pytest.raises(ErreurTelechargement, match="redirection de https vers http"):
        redirected(demande, httpx.URL("https://exemple.fr/f"), "http://exemple.fr/f")


def test_interrupted_run_is_resumed_by_the_next_one(serveur, depot):
    offer(serveur, f__csv=faults.good(BON, coupe=4000))
    once = Limites(tentatives=1, attente_s=0)
    assert len(land(serveur, depot, once)[1]) == 1
    assert depot.partiel(Demande("essai__fichiers", "2024", "f.csv", "")).stat().st_size == 4000
    rapport, errors = land(serveur, depot, once)
    assert errors == [] and rapport.octets == len(BON) - 4000
    assert sum(demande.octets for demande in serveur.asked(CHEMIN + "f.csv")) == len(BON)


def test_file_that_changed_since_the_cut_is_taken_whole(serveur, depot):
    nouveau = BON.replace(b"01001", b"01002")
    offer(serveur, f__csv=faults.sequence(faults.good(BON, coupe=4000), faults.good(nouveau, etag='"v2"')))
    assert land(serveur, depot)[1] == []
    [(recu, _)] = depot.receipts()
    assert depot.chemin(recu, recu.sha256).read_bytes() == nouveau and recu.etag == '"v2"'


def test_retry_after_is_honoured(serveur, depot):
    limites = Limites(attente_s=0.01, attente_max_s=0.02, duree_max_s=10)
    offer(serveur, f__csv=faults.sequence(faults.answer(503, Retry_After="1"), faults.good(BON)))
    debut = time.monotonic()
    assert land(serveur, depot, limites)[1] == []
    assert time.monotonic() - debut >= 1.0


def test_new_content_is_a_new_delivery_beside_the_former(serveur, depot):
    offer(serveur, f__csv=faults.good(BON))
    land(serveur, depot)
    offer(serveur, f__csv=faults.good(BON + b"x", etag='"v2"'))
    land(serveur, depot)
    assert [(recu.taille_octets, current) for recu, current in depot.receipts()] == [
        (len(BON), False), (len(BON) + 1, True),
    ]  # fmt: skip
    offer(serveur, f__csv=faults.good(BON, etag='"v3"'))
    land(serveur, depot)
    assert [current for _, current in depot.receipts()] == [True, False], "upstream went back to its first content"


def test_redirection_within_the_named_mirror_is_followed_and_its_signature_forgotten(serveur, depot):
    offer(serveur, f__csv=faults.answer(302, Location="/ailleurs/f.csv?signature=abc"))
    serveur.routes["/ailleurs/f.csv"] = faults.good(BON)
    assert land(serveur, depot)[1] == []
    [(recu, _)] = depot.receipts()
    assert recu.url_finale == f"{serveur.url}/ailleurs/f.csv" and recu.url.endswith(CHEMIN + "f.csv")


def test_several_failures_are_all_told(serveur, depot):
    lost, page = faults.answer(404), faults.answer(200, b"<html></html>")
    offer(serveur, a__csv=lost, b__csv=page, c__csv=faults.good(BON), d__exe=faults.good(b""))
    _, errors = land(serveur, depot)
    assert sorted(error.fichier for error in errors) == ["2024/a.csv", "2024/b.csv", "2024/d.exe"]
    assert any(isinstance(error, ErreurFiche) for error in errors)
    assert [recu.fichier for recu, _ in depot.receipts()] == ["c.csv"]


def test_file_that_upstream_no_longer_lists_is_kept_and_told(serveur, depot):
    offer(serveur, a__csv=faults.good(BON), b__csv=faults.good(BON))
    land(serveur, depot)
    offer(serveur, a__csv=faults.good(BON))
    rapport, errors = land(serveur, depot)
    assert errors == [] and len(list(depot.receipts())) == 2
    assert rapport.avertissements == [
        "essai__fichiers : 2024/b.csv n'est plus proposé ; la livraison reçue reste servie"
    ]


def test_address_of_the_card_may_not_be_private_nor_carry_credentials(serveur, depot):
    serveur.routes["/f.csv"] = faults.good(BON)
    secret = serveur.url.replace("//", "//moi:secret@") + "/f.csv"
    wrong = {f"{serveur.url}/f.csv": "adresse privée", secret: "identifiant", "ftp://a.fr/f": "protocole"}
    for url, said in wrong.items():
        demande = Demande("essai__fichiers", "2024", "f.csv", url)
        with open_client(None) as client, pytest.raises(ErreurTelechargement, match=said) as caught:
            download(client, demande, depot, LIMITES)
        assert "secret" not in str(caught.value)
    assert serveur.demandes == [], "nothing was even asked"


def test_two_collections_at_once_download_once(serveur, depot):
    offer(serveur, f__csv=faults.good(BON))
    outcomes = []

    def collect():
        with depot.lock("essai__fichiers", 5):
            outcomes.append(land(serveur, depot))

    threads = [threading.Thread(target=collect) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(rapport.octets for rapport, errors in outcomes if not errors) == [0, len(BON)]
    assert sorted(demande.statut for demande in serveur.asked(CHEMIN + "f.csv")) == [200, 304]


def test_the_parts_of_a_shapefile_are_fetched_beside_it(tmp_path, depot):
    card = get_source("cget__maisons_services_public")
    folder = tmp_path / "miroir" / card.source / "2018-06-27"
    folder.mkdir(parents=True)
    for suffix in ("shp", "dbf", "shx", "prj", "txt"):
        (folder / f"MSAP-essai.{suffix}").write_bytes(b"x")
    with open_client(str(tmp_path / "miroir")) as client:
        asked, errors = list_demandes(card, str(tmp_path / "miroir"), client, depot, Limites())
    assert sorted(demande.fichier.rpartition(".")[2] for demande in asked) == ["dbf", "prj", "shp", "shx"]
    assert [error.fichier for error in errors] == ["2018-06-27/MSAP-essai.txt"]
