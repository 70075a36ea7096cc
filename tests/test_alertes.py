"""A person is told: journal always, channels when named, and a dead channel never stops the night."""

from __future__ import annotations

import json
import smtplib
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from pilotage import alertes
from pilotage.errors import ErreurLecture


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PILOTAGE_HOME", str(tmp_path))
    for name in ("WEBHOOK", "COURRIEL", "EXPEDITEUR"):
        monkeypatch.delenv(f"PILOTAGE_ALERTE_{name}", raising=False)
    return tmp_path


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[dict]]]:
    received: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return None

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", received
    server.shutdown()
    server.server_close()


def _journal(home: Path) -> list[dict]:
    return [json.loads(line) for line in (home / "journaux" / "alertes.jsonl").read_text().splitlines()]


def test_an_alert_is_a_line_of_the_journal(home: Path) -> None:
    alertes.alerter("Titre", "Texte accentué é", source="a__b", vide=None)
    alertes.alerter("Deux", "fois")
    first, second = _journal(home)
    assert (first["titre"], first["texte"], first["details"]) == ("Titre", "Texte accentué é", {"source": "a__b"})
    assert first["envois"] == {} and second["titre"] == "Deux"


def test_a_webhook_receives_it(home: Path, webhook: tuple[str, list[dict]], monkeypatch: pytest.MonkeyPatch) -> None:
    url, received = webhook
    monkeypatch.setenv("PILOTAGE_ALERTE_WEBHOOK", url)
    alertes.alerter("Titre", "Texte", source="a__b")
    decided = {"severite": "avertissement", "responsable": "exploitant"}
    assert received == [
        {"text": "Titre\nTexte", "source": "a__b", **decided, "que_faire": "docs/exploitation.md#alerte-sans-famille"}
    ]
    assert _journal(home)[0]["envois"] == {"webhook": "envoyé"}


def test_a_dead_webhook_is_journaled_and_harmless(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILOTAGE_ALERTE_WEBHOOK", "http://127.0.0.1:9/")
    alertes.alerter("Titre", "Texte")
    assert _journal(home)[0]["envois"]["webhook"].startswith("non envoyé : ConnectError")


def test_an_email_goes_through_the_server_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple] = []

    class Server:
        def __init__(self, host: str, port: int, timeout: float) -> None:
            sent.append((host, port))

        def __enter__(self) -> Server:
            return self

        def __exit__(self, *_: object) -> None:
            return None

        def starttls(self, context: ssl.SSLContext) -> None:
            assert context.verify_mode == ssl.CERT_REQUIRED and context.check_hostname
            sent.append(("tls",))

        def login(self, user: str, password: str) -> None:
            sent.append((user, password))

        def send_message(self, message) -> None:
            sent.append((message["To"], message["Subject"], message.get_content(), message["From"]))

    monkeypatch.setattr(smtplib, "SMTP", Server)
    monkeypatch.setenv("PILOTAGE_SMTP_URL", "smtp://moi:p%40ss@mail.example:587")
    monkeypatch.setenv("PILOTAGE_ALERTE_COURRIEL", "elue@example.fr")
    monkeypatch.setenv("PILOTAGE_ALERTE_EXPEDITEUR", "")  # as containers give what `.env` does not say
    alertes.alerter("Titre\nsur deux lignes", "Texte", source="a__b")
    assert sent[:3] == [("mail.example", 587), ("tls",), ("moi", "p@ss")]
    to, subject, content, sender = sent[3]
    assert (to, subject, sender) == ("elue@example.fr", "Titre sur deux lignes", "pilotage@localhost")
    assert "Texte" in content and "source : a__b" in content


def test_a_failed_task_names_the_source_the_reason_and_the_attempt(home: Path) -> None:
    ti = SimpleNamespace(
        dag_id="ingestion", task_id="traiter.load", rendered_map_index="a__b", try_number=1, run_id="nuit_1"
    )
    error = ErreurLecture("zip tronqué", source="a__b", fichier="x.zip", conseil="redemander le fichier")
    alertes.prevenir_echec({"ti": ti, "exception": error})
    (line,) = _journal(home)
    assert line["titre"] == "Pilotage : échec de ingestion.traiter.load (a__b)"
    assert "x.zip" in line["texte"] and "redemander le fichier" in line["texte"]
    assert line["details"]["essai"] == 1 and line["details"]["execution"] == "nuit_1"


def test_a_late_run_is_told_with_or_without_a_context(home: Path) -> None:
    alertes.prevenir_retard({"dag_run": {"dag_run_id": "nuit_1"}}, dag="ingestion", delai_min=120)
    alertes.prevenir_retard(dag="entrepot", delai_min=60)
    first, second = _journal(home)
    assert first["details"] == {"dag": "ingestion", "execution": "nuit_1"}
    assert "120 minutes" in first["texte"]
    assert second["details"] == {"dag": "entrepot"}
