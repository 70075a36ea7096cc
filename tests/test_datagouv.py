"""Publishing on data.gouv.fr by its official client, against a stand-in that takes the client's real calls."""

from __future__ import annotations

import email
import email.policy
import hashlib
import json
import re
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pilotage import datagouv_acces
from pilotage.datagouv import Publication, read_sets
from pilotage.datagouv_acces import ErreurDatagouv, base_url
from pilotage.datagouv_jeu import read_packages
from pilotage.errors import ErreurConfiguration, ErreurPublication

CLE = "cle-tres-secrete-0123456789"
ORG = "5bbb6d6cff66bd4dc17bfd5a"


class Plateforme:
    """What the stand-in holds, heard, and is told to answer: `pannes` maps «VERB path-regex» to a list of answers."""

    def __init__(self) -> None:
        self.jeux: dict[str, dict] = {}
        self.appels: list[tuple[str, str]] = []
        self.cles: set[str | None] = set()
        self.pannes: dict[str, list[tuple[int, dict]]] = {}
        self.apres: set[str] = set()  # calls that are done although they answer a failure
        self.url = ""

    def ecritures(self) -> list[tuple[str, str]]:
        return [call for call in self.appels if call[0] != "GET"]

    def resources(self) -> dict[str, dict]:
        return {r["extras"].get("pilotage:chemin"): r for jeu in self.jeux.values() for r in jeu["resources"]}

    def answer(self, verb: str, path: str, body: bytes, kind: str) -> tuple[int, dict]:
        call = path.removeprefix("/api/1/")
        found = re.fullmatch(r"datasets/(?:([^/]+)/)?(?:resources/([^/]+)/)?(upload/)?", call)
        if verb == "GET" and call == f"organizations/{ORG}/datasets/":
            return 200, {"data": list(self.jeux.values()), "next_page": None}
        if not found:
            return 404, {"message": "not found"}
        jeu_id, resource_id, upload = found.groups()
        if verb == "POST" and jeu_id is None:
            jeu = {"id": f"jeu{len(self.jeux)}", "resources": [], "extras": {}, **json.loads(body)}
            jeu["organization"] = {"id": jeu["organization"], "name": "Collectivité"}
            self.jeux[jeu["id"]] = jeu
            return 201, jeu
        jeu = self.jeux.get(jeu_id)
        if jeu is None:
            return 404, {"message": "not found"}
        if upload:
            return 201, self.upload(jeu, resource_id, body, kind)
        target = next(r for r in jeu["resources"] if r["id"] == resource_id) if resource_id else jeu
        if verb == "PUT":
            target.update(json.loads(body))
        return 200, target

    def upload(self, jeu: dict, resource_id: str | None, body: bytes, kind: str) -> dict:
        message = email.message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body, policy=email.policy.HTTP)
        (part,) = [one for one in message.iter_parts() if one.get_param("name", header="content-disposition") == "file"]
        content = part.get_payload(decode=True)
        resource = next((r for r in jeu["resources"] if r["id"] == resource_id), None)
        if resource is None:
            count = sum(len(one["resources"]) for one in self.jeux.values())
            resource = {"id": f"res{count}", "title": part.get_filename(), "filetype": "file", "extras": {}}
            jeu["resources"].append(resource)
        resource["checksum"] = {"type": "sha1", "value": hashlib.sha1(content).hexdigest()}
        resource["filesize"] = len(content)
        return resource


@pytest.fixture
def plateforme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plateforme]:
    """The stand-in, the key and the organisation, and the client where `make datagouv` puts it."""
    if not datagouv_acces.CLIENT.is_dir() and "datagouv" not in sys.modules:
        pytest.skip("client officiel absent : `make datagouv`")
    state = Plateforme()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            state.appels.append((self.command, self.path))
            state.cles.add(self.headers.get("X-API-KEY"))
            call = f"{self.command} {self.path}"
            failing = next((one for one in state.pannes if re.fullmatch(one, call) and state.pannes[one]), None)
            headers: dict = {}
            if failing is None or failing in state.apres:
                status, answer = state.answer(self.command, self.path, body, self.headers.get("Content-Type", ""))
            if failing is not None:
                status, headers = state.pannes[failing].pop(0)
                answer = {"message": f"refus de la clé {CLE}"}
            text = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", "Content-Length": len(text), **headers}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            return None

    for verb in ("GET", "POST", "PUT", "DELETE"):
        setattr(Handler, f"do_{verb}", Handler.serve)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("PILOTAGE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PILOTAGE_DATAGOUV_URL", state.url)
    monkeypatch.setenv("PILOTAGE_DATAGOUV_CLE", CLE)
    monkeypatch.setenv("PILOTAGE_DATAGOUV_ORGANISATION", ORG)
    yield state
    server.shutdown()
    server.server_close()


def write_package(folder: Path, name: str, files: dict[str, str], simulated: bool = False) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    resources = []
    for path, content in files.items():
        (folder / path).write_text(content, encoding="utf-8")
        resources.append(
            {
                "name": path,
                "path": path,
                "bytes": len(content.encode()),
                "hash": f"sha256:{hashlib.sha256(content.encode()).hexdigest()}",
                "title": f"Table {path}",
                "description": "Une table.",
                "format": "csv",
                "mediatype": "text/csv",
                "licenses": [{"name": "etalab-2.0", "title": "Licence Ouverte 2.0"}],
            }
        )
    descriptor = {
        "name": name,
        "title": "Lieux ouverts au public",
        "description": "Une ligne par lieu.",
        "version": "g20260101t000000",
        "licenses": [
            {"name": "etalab-2.0", "title": "Licence Ouverte 2.0"},
            {"name": "ODbL-1.0", "title": "Open Database License 1.0"},
        ],
        "sources": [{"title": "ANCT, X", "attribution": "ANCT"}],
        "keywords": ["médiation numérique", "4G", "lieux"],
        "pilotage": {"donnees_simulees": simulated},
        "resources": resources,
    }
    (folder / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")


@pytest.fixture
def export(tmp_path: Path) -> Path:
    folder = tmp_path / "export"
    write_package(folder / "paquets" / "lieux", "pilotage-lieux", {"a.csv": "x\r\n1\r\n", "b.csv": "x\r\n2\r\n"})
    return folder


def publish(export: Path, **options) -> list[tuple[str, str]]:
    publication = Publication(envoyer=True, **{"sleep": lambda _: None, **options})
    return [(g.fichier.chemin, g.action) for jeu in read_sets(folder=export) for g in publication.publish(jeu)]


def actions(export: Path) -> dict[str, str]:
    plan = Publication().plan(read_sets(folder=export)[0])
    return {"jeu": plan.action, **{g.fichier.chemin: g.action for g in plan.gestes}}


def test_dry_by_default_writes_nothing(plateforme: Plateforme, export: Path, tmp_path: Path) -> None:
    assert set(actions(export).values()) == {"créer"}
    assert plateforme.ecritures() == [] and not (tmp_path / "home" / "datagouv.json").exists()


def test_published_then_left_as_it_is_then_only_what_changed(plateforme: Plateforme, export: Path) -> None:
    assert {action for _, action in publish(export)} == {"créer"}
    (jeu,) = plateforme.jeux.values()
    assert (jeu["title"], jeu["license"], jeu["frequency"]) == ("Lieux ouverts au public", "odc-odbl", "daily")
    assert jeu["tags"] == ["lieux", "mediation-numerique"]
    assert jeu["spatial"] == {"zones": ["country:fr"], "granularity": "fr:commune"}
    assert jeu["organization"]["id"] == ORG and "Sources : ANCT." in jeu["description"]
    first = {path: r["id"] for path, r in plateforme.resources().items()}
    assert set(first) == {"a.csv", "b.csv", "datapackage.json"}
    assert plateforme.resources()["datapackage.json"]["type"] == "documentation"
    assert plateforme.resources()["a.csv"]["title"] == "Table a.csv (csv)"
    plateforme.appels.clear()
    assert {action for _, action in publish(export)} == {"inchangé"} and plateforme.ecritures() == []

    write_package(export / "paquets" / "lieux", "pilotage-lieux", {"a.csv": "x\r\n1\r\n", "b.csv": "x\r\n3\r\n"})
    assert actions(export) == {
        "jeu": "inchangé",
        "a.csv": "inchangé",
        "b.csv": "remplacer",
        "datapackage.json": "remplacer",
    }
    publish(export)
    assert {path: r["id"] for path, r in plateforme.resources().items()} == first
    assert plateforme.resources()["b.csv"]["checksum"]["value"] == hashlib.sha1(b"x\r\n3\r\n").hexdigest()


def test_what_others_added_stays_and_what_left_is_only_told(plateforme: Plateforme, export: Path) -> None:
    publish(export)
    resource = plateforme.resources()["a.csv"]
    resource["extras"]["analysis:x"], resource["title"] = 1, "changé à la main"
    assert actions(export)["a.csv"] == "décrire"
    write_package(export / "paquets" / "lieux", "pilotage-lieux", {"a.csv": "x\r\n1\r\n"})
    plan = Publication().plan(read_sets(folder=export)[0])
    assert plan.laisses == ["Table b.csv (csv)"]
    publish(export)
    assert plateforme.resources()["a.csv"]["extras"]["analysis:x"] == 1
    assert "b.csv" in plateforme.resources() and not [call for call in plateforme.appels if call[0] == "DELETE"]


def test_a_stopped_publication_goes_on_where_it_was(plateforme: Plateforme, export: Path) -> None:
    steps = Publication(envoyer=True).publish(read_sets(folder=export)[0])
    next(steps)
    steps.close()
    assert list(plateforme.resources()) == ["a.csv"]
    assert publish(export)[:2] == [("a.csv", "inchangé"), ("b.csv", "créer")]
    assert len(plateforme.jeux) == 1


def test_a_lost_register_finds_the_same_identifiers(plateforme: Plateforme, export: Path, tmp_path: Path) -> None:
    publish(export)
    register = tmp_path / "home" / "datagouv.json"
    before = json.loads(register.read_text())
    register.unlink()
    plateforme.appels.clear()
    publish(export)
    assert json.loads(register.read_text()) == before and plateforme.ecritures() == []


def test_a_server_that_stumbles_is_tried_again_without_a_second_copy(plateforme: Plateforme, export: Path) -> None:
    waits: list[float] = []
    plateforme.pannes = {
        "POST /api/1/datasets/jeu0/upload/": [(502, {})],
        "PUT /api/1/datasets/jeu0/resources/.*": [(429, {"Retry-After": 7})],
        "GET /api/1/organizations/.*": [(503, {})],
    }
    plateforme.apres = {"POST /api/1/datasets/jeu0/upload/"}  # done, but the answer was lost
    publish(export, sleep=waits.append)
    assert 7.0 in waits and len(waits) == 3
    assert len(plateforme.jeux) == 1 and len(plateforme.jeux["jeu0"]["resources"]) == 3
    assert set(actions(export).values()) == {"inchangé"}


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (400, {}, "description refusée"),
        (401, {}, "clé refusée ou absente.*PILOTAGE_DATAGOUV_CLE"),
        (403, {}, "pas le droit d'écrire.*PILOTAGE_DATAGOUV_ORGANISATION"),
        (413, {}, r"fichier trop gros"),
        (429, {"Retry-After": 3600}, "trop de demandes.*relancer dans 3600 secondes"),
        (500, {}, "erreur 500 du serveur.*relancer plus tard"),
    ],
)
def test_refusals_are_french_name_the_file_and_never_the_key(
    plateforme: Plateforme, export: Path, status: int, headers: dict, words: str
) -> None:
    plateforme.pannes = {"POST /api/1/datasets/jeu0/upload/": [(status, headers)] * 4}
    with pytest.raises(ErreurDatagouv) as caught:
        publish(export)
    assert re.search(words, str(caught.value)) and "pilotage-lieux/a.csv" in str(caught.value)
    assert CLE not in str(caught.value)
    uploads = [call for call in plateforme.appels if call[1].endswith("/upload/")]
    assert len(uploads) == (4 if status == 500 else 1)


def test_the_key_is_sent_and_never_written(
    plateforme: Plateforme,
    export: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture,
) -> None:
    from pilotage.__main__ import app
    from pilotage.commandes.publier import publier

    if "publier" not in {command.name or command.callback.__name__ for command in app.registered_commands}:
        app.command()(publier)
    with caplog.at_level("DEBUG"):
        dry = CliRunner().invoke(app, ["publier", "--depuis", str(export)])
        sent = CliRunner().invoke(app, ["publier", "--depuis", str(export), "--jeu", "lieux", "--envoyer"])
    assert dry.exit_code == sent.exit_code == 0, (dry.output, sent.output)
    assert "à blanc" in dry.output and "licence odc-odbl, fréquence daily" in dry.output
    assert "fait : créer      a.csv" in sent.output
    assert plateforme.cles == {CLE}
    written = [p.read_text(encoding="utf-8", errors="replace") for p in tmp_path.rglob("*") if p.is_file()]
    for said in (dry.output, sent.output, caplog.text, *capfd.readouterr(), *written):
        assert CLE not in said


def test_simulated_data_never_reach_production(export: Path, plateforme: Plateforme, monkeypatch) -> None:
    monkeypatch.setenv("PILOTAGE_DATAGOUV_URL", "production")
    monkeypatch.setenv("PILOTAGE_SOURCES", "internet")
    write_package(export / "paquets" / "lieux", "pilotage-lieux", {"a.csv": "x\r\n"}, simulated=True)
    with pytest.raises(ErreurPublication, match="simulées ne se publient pas en production"):
        publish(export)
    path = export / "paquets" / "lieux" / "datapackage.json"
    path.write_text(json.dumps({k: v for k, v in json.loads(path.read_text()).items() if k != "pilotage"}))
    with pytest.raises(ErreurPublication, match="simulées"):
        Publication().plan(read_sets(folder=export)[0])


def test_the_platform_is_the_demonstration_unless_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PILOTAGE_DATAGOUV_URL", raising=False)
    assert base_url() == "https://demo.data.gouv.fr"
    for given in ("production", "https://www.data.gouv.fr/", "https://data.gouv.fr"):
        monkeypatch.setenv("PILOTAGE_DATAGOUV_URL", given)
        assert base_url() == datagouv_acces.PRODUCTION
    for given in ("http://www.data.gouv.fr", "prod"):
        monkeypatch.setenv("PILOTAGE_DATAGOUV_URL", given)
        with pytest.raises(ErreurConfiguration, match="demo, production"):
            base_url()


def test_without_key_or_organisation_nothing_is_sent(plateforme: Plateforme, export: Path, monkeypatch) -> None:
    for name in ("ORGANISATION", "CLE"):
        monkeypatch.delenv(f"PILOTAGE_DATAGOUV_{name}")
        with pytest.raises(ErreurConfiguration, match=f"PILOTAGE_DATAGOUV_{name}"):
            publish(export)
    assert actions(export)["jeu"] == "créer" and plateforme.appels == []


def test_a_folder_of_one_package_and_of_several(export: Path, tmp_path: Path) -> None:
    write_package(tmp_path / "seul", "pilotage-g20260101t000000", {"a.csv": "x\r\n"})
    (alone,) = read_packages(tmp_path / "seul")
    assert (alone.cle, alone.charge["frequency"]) == ("pilotage", "unknown")
    write_package(export / "paquets" / "usages", "pilotage-usages", {"a.csv": "x\r\n"})
    assert [jeu.cle for jeu in read_sets(folder=export)] == ["pilotage-lieux", "pilotage-usages"]
    assert [jeu.cle for jeu in read_sets(["usages"], export)] == ["pilotage-usages"]
    with pytest.raises(ErreurPublication, match=r"jeu inconnu : rien .*lieux, usages"):
        read_sets(["rien"], export)


def test_a_file_that_is_not_the_one_described_is_refused(export: Path) -> None:
    (export / "paquets" / "lieux" / "b.csv").write_text("autre")
    with pytest.raises(ErreurPublication, match="n'est pas celui que décrit le paquet"):
        _ = read_sets(folder=export)[0].fichiers
