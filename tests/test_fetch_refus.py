"""Every fault of upstream is refused by name, and the last good delivery stays."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from dataclasses import replace

import pytest

from pilotage.errors import ErreurTelechargement
from pilotage.landing import Depot
from tests import faults
from tests.collecte import BON, CHEMIN, LIMITES, land, offer


@pytest.fixture
def serveur():
    with faults.serve_routes() as running:
        yield running


@pytest.fixture
def depot(tmp_path):
    return Depot(tmp_path / "depot")


def zip_of(*membres: tuple[str, bytes], **options) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for nom, corps in membres:
            archive.writestr(nom, corps)
    return out.getvalue()


def zip_with_link() -> bytes:
    info = zipfile.ZipInfo("lien.csv")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    return out.getvalue()


def zip_overlapping() -> bytes:
    """Two index entries that point to the same bytes, as in a bomb without nesting."""
    corps = zip_of(("a.csv", b"x" * 2000), ("b.csv", b"y"))
    premier = corps.index(b"PK\x01\x02")
    second = corps.index(b"PK\x01\x02", premier + 4)
    return corps[: second + 42] + struct.pack("<I", 0) + corps[second + 46 :]


def encrypted_zip() -> bytes:
    corps = bytearray(zip_of(("a.csv", b"x" * 50)))
    corps[corps.index(b"PK\x01\x02") + 8] |= 1
    return bytes(corps)


def given(corps: bytes, **headers: str) -> faults.Route:
    return faults.answer(200, corps, **headers)


def moved(vers: str) -> faults.Route:
    return faults.answer(302, Location=vers)


HTML = b"<!DOCTYPE html><html><head><title>Site en maintenance</title></head><body></body></html>"
FAUTES = {
    "page HTML annoncée": ("f.csv", given(HTML, Content_Type="text/html; charset=utf-8"), "page HTML"),
    "page HTML déguisée": ("f.csv", given(b"\n " + HTML, Content_Type="text/csv"), "Site en maintenance"),
    "fichier vide": ("f.csv", faults.answer(200), "fichier vide"),
    "blancs seulement": ("f.csv", given(b" \n\n"), "fichier vide"),
    "fichier tronqué": ("f.csv", faults.short(BON, len(BON) + 500), f"{len(BON)} octets reçus sur {len(BON) + 500}"),
    "trop gros, annoncé": ("f.csv", faults.endless(b"x", annonce=10**9), "trop gros"),
    "trop gros, non annoncé": ("f.csv", faults.endless(b"a;b\n" * 10_000), "trop gros"),
    "trop lent": ("f.csv", faults.endless(b"a;b\n", pause=0.05), "trop lent"),
    "serveur muet": ("f.csv", faults.silent(0.8), "ne répond plus"),
    "connexion rompue": ("f.csv", faults.hang_up, "connexion impossible ou rompue"),
    "introuvable": ("f.csv", faults.answer(404), "n'est plus à son adresse (404)"),
    "retiré": ("f.csv", faults.answer(410), "n'est plus à son adresse (410)"),
    "accès refusé": ("f.csv", faults.answer(403), "réponse inattendue du serveur (403)"),
    "trop de requêtes": ("f.csv", faults.answer(429, Retry_After="3600"), "trop de requêtes selon le serveur (429)"),
    "panne": ("f.csv", faults.answer(503), "panne du serveur (503), après 3 tentatives"),
    "type contraire": ("f.csv", given(BON, Content_Type="application/pdf"), "application/pdf"),
    "zip au lieu de csv": ("f.csv", given(zip_of(("a.csv", BON))), "ceux d'un fichier zip"),
    "csv au lieu de zip": ("f.zip", given(BON), "les premiers octets"),
    "csv au lieu de xlsx": ("f.xlsx", given(BON), "les premiers octets"),
    "UTF-16": ("f.csv", given(BON.decode().encode("utf-16")), "UTF-16"),
    "compression imposée": (
        "f.csv", given(gzip.compress(BON), Content_Encoding="gzip"), "impose une compression (gzip)",
    ),
    "json tronqué": ("f.json", given(b'[{"a": 1}, {"b"'), "le JSON ne se referme pas"),
    "json qui n'en est pas": ("f.geojson", given(BON), "ne commence pas comme du JSON"),
    "parquet tronqué": ("f.parquet", given(b"PAR1" + b"x" * 200), "PAR1 manque"),
    "zip tronqué": ("f.zip", given(zip_of(("a.csv", BON))[:-40]), "index du zip est illisible"),
    "zip vide": ("f.zip", given(zip_of()), "archive zip vide"),
    "gzip tronqué": ("f.csv.gz", given(gzip.compress(BON)[:-12]), "gzip s'interrompt"),
    "bombe zip, ratio": ("f.zip", given(zip_of(("a.csv", bytes(20_000_000)))), "fois sa taille"),
    "bombe zip, taille": (
        "f.zip", given(zip_of(("a.csv", bytes(20_000_000)), ("b.csv", bytes(20_000_000)))), "40 Mo une fois",
    ),
    "bombe zip, nombre": ("f.zip", given(zip_of(*((f"{i}.csv", b"") for i in range(60)))), "60 membres"),
    "bombe zip, recouvrement": ("f.zip", given(zip_overlapping()), "se recouvrent"),
    "bombe gzip": ("f.csv.gz", given(gzip.compress(bytes(20_000_000))), "fois sa taille"),
    "zip qui remonte": ("f.zip", given(zip_of(("../../etc/cron.d/x", b"x"))), "remonte (..)"),
    "zip absolu": ("f.zip", given(zip_of(("/etc/passwd", b"x"))), "chemin absolu"),
    "zip à la Windows": ("f.zip", given(zip_of(("C:\\x.csv", b"x"))), "Windows"),
    "zip à lien": ("f.zip", given(zip_with_link()), "lien symbolique"),
    "zip chiffré": ("f.zip", given(encrypted_zip()), "chiffré"),
    "redirection ftp": ("f.csv", moved("ftp://exemple.fr/f.csv"), "protocole refusé : « ftp »"),
    "redirection fichier": ("f.csv", moved("file:///etc/passwd"), "protocole refusé : « file »"),
    "redirection privée": ("f.csv", moved("http://10.0.0.7/f.csv"), "privée ou locale (10.0.0.7)"),
    "redirection locale": ("f.csv", moved("http://127.0.0.1:1/f"), "privée ou locale (127.0.0.1)"),
    "redirection décimale": ("f.csv", moved("http://2130706433/f"), "privée ou locale (127.0.0.1)"),
    "redirection métadonnées": (
        "f.csv", moved("http://169.254.169.254/latest/"), "privée ou locale (169.254.169.254)",
    ),
    "redirection identifiants": (
        "f.csv", moved("https://moi:secret@exemple.fr/f.csv"), "identifiant ou un mot de passe",
    ),
    "redirections en boucle": ("f.csv", moved(CHEMIN + "f.csv"), "plus de 3 redirections"),
}  # fmt: skip
CORPS = {
    "f.csv": BON, "f.zip": zip_of(("a.csv", BON)), "f.xlsx": zip_of(("xl/workbook.xml", BON)), "f.json": b"[1]",
    "f.geojson": b'{"a": 1}\n', "f.parquet": b"PAR1....PAR1", "f.csv.gz": gzip.compress(BON),
}  # fmt: skip


@pytest.mark.parametrize("faute", FAUTES)
def test_fault_is_refused_by_name_and_last_good_stays(serveur, depot, faute):
    fichier, route, fragment = FAUTES[faute]
    key = fichier.replace(".", "__")
    offer(serveur, **{key: faults.good(CORPS[fichier])})
    _, errors = land(serveur, depot)
    assert errors == []
    offer(serveur, **{key: route, "autre__csv": faults.good(BON, etag='"autre"')})
    hurried = replace(LIMITES, duree_max_s=0.7, lecture_s=0.3)
    _, errors = land(serveur, depot, hurried if faute in ("trop lent", "serveur muet") else LIMITES)
    [error] = errors
    said = str(error)
    assert isinstance(error, ErreurTelechargement)
    assert said.startswith(f"essai__fichiers : 2024/{fichier} : ")
    assert fragment in said and "attendu : " in said and "que faire : " in said and "reste servie" in said
    assert "secret" not in said
    held = {recu.fichier: depot.chemin(recu, recu.sha256).read_bytes() for recu, _ in depot.receipts()}
    assert held == {fichier: CORPS[fichier], "autre.csv": BON}, "the bad file costs neither its past nor the others"
    left = {path.name for path in depot.racine.rglob("*.partiel")}
    assert left <= {f"{fichier}.partiel"} and (not left or faute in ("fichier tronqué", "trop lent"))
