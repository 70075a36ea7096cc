"""Secrets stay where they were given: none in a log, an error, an argument or an artefact, whatever fails."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import make_url

from pilotage.alertes import alerter
from pilotage.config import RACINE, Settings, get_settings
from pilotage.discretion import hide, known_secrets
from pilotage.lecteur import ensure_reader
from pilotage.roles import ensure_loader
from pilotage.sauvegarde.accueil import write_settings
from tests import portes

JETON, COURRIER, CLE = "jetonWebhook7Q9", "motSmtp%40Kz81", "cleDatagouv55Xw"
LIGNAGE = "cleLignage31Tv"
FAUX = "mauvaisMotDePasse42"


def leaks(folder: Path, words: list[str], kept: tuple[str, ...] = ()) -> list[str]:
    """Files under `folder` that hold one of the words; `kept` are names of the files meant to hold them."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.name not in kept:
            content = path.read_bytes()
            found += [f"{path.relative_to(folder)} : {word[:4]}…" for word in words if word.encode() in content]
    return found


class Arguments(threading.Thread):
    """Looks at the command line of every descendant until told to stop."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.over, self.seen = threading.Event(), set()

    def run(self) -> None:
        while not self.over.wait(0.05):
            for child in psutil.Process().children(recursive=True):
                try:
                    self.seen.add(" ".join(child.cmdline()))
                except psutil.Error:
                    continue


@pytest.fixture
def webhook() -> Iterator[str]:
    class Refuse(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_error(500)

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuse)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/services/{JETON}?cle={JETON}"
    server.shutdown()


def test_no_secret_in_what_a_load_a_build_and_their_failures_write(
    warehouse: Settings, tmp_path: Path, webhook: str
) -> None:
    home = tmp_path / "home"
    place = tmp_path / "sources" / portes.DEBITS / portes.MILLESIME
    place.mkdir(parents=True)
    (place / portes.FICHIER).write_bytes(portes.content(portes.rows()))
    loader, reader = ensure_loader(warehouse), ensure_reader(warehouse)
    passwords = [make_url(url).password for url in (warehouse.database_url, loader, reader)]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PILOTAGE_")},
        "DATABASE_URL": warehouse.database_url,
        "PILOTAGE_CHARGEUR_URL": loader,
        "PILOTAGE_LECTEUR_URL": reader,
        "PILOTAGE_HOME": str(home),
        "PILOTAGE_SOURCES": str(tmp_path / "sources"),
        "PILOTAGE_ALERTE_WEBHOOK": webhook,
        "PILOTAGE_ALERTE_COURRIEL": "quelqu.un@exemple.fr",
        "PILOTAGE_SMTP_URL": f"smtps://moi:{COURRIER}@127.0.0.1:9",
        "PILOTAGE_DATAGOUV_CLE": CLE,
        "PILOTAGE_OPENLINEAGE_CLE": LIGNAGE,
        "PYTHONPATH": str(RACINE),
    }
    dbt = (
        "from pathlib import Path; from pilotage.config import get_settings;"
        "from pilotage.execution_dbt import run_dbt;"
        "s = get_settings(); f = Path(s.dbt_target) / 'essai'; f.mkdir(parents=True);"
        "run_dbt(s, f, 'g20260101t000000', ['--debug', 'build', '--select', 'actions'])"
    )
    alert = "from pilotage.alertes import alerter; import logging; logging.basicConfig(level=10); alerter('a', 'b')"
    wrong = make_url(warehouse.database_url).set(password=FAUX).render_as_string(hide_password=False)
    runs = [
        (["-m", "pilotage", "charger", portes.DEBITS], {}),
        (["-c", dbt], {}),
        (["-c", alert], {}),
        (["-m", "pilotage", "generations"], {"DATABASE_URL": wrong}),
        (["-m", "pilotage", "generations"], {"DATABASE_URL": f"postgresql://a:{FAUX}/x@127.0.0.1:1/b"}),
    ]
    watch, outputs = Arguments(), []
    watch.start()
    for arguments, changes in runs:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, env={**environment, **changes},
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=900,
        )  # fmt: skip
        outputs.append(done.stdout + done.stderr)
    watch.over.set()
    watch.join()
    words = [*passwords, JETON, COURRIER, "motSmtp@Kz81", CLE, LIGNAGE, FAUX]
    assert "livraisons acceptées" in outputs[0] and "password authentication failed" in outputs[3]
    assert "non envoyé" in (home / "journaux" / "alertes.jsonl").read_text()
    assert (home / "dbt" / "essai" / "dbt.log").exists(), outputs[1]
    assert any("charger" in line for line in watch.seen)
    assert [word[:4] for word in words for output in outputs if word in output] == []
    assert [line for line in watch.seen for word in words if word in line] == []
    assert leaks(home, words) == []
    assert leaks(RACINE / "dbt_project", words) == []


def test_a_wrong_address_is_never_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILOTAGE_SMTP_URL", "smtp://moi:a/b#longMot@mail:25")
    monkeypatch.setenv("PILOTAGE_ALERTE_WEBHOOK", "https://x.exemple/hooks/AAAA/0123456789abcdef")
    monkeypatch.setenv("PILOTAGE_DATAGOUV_CLE", "court")
    assert "court" not in known_secrets()
    monkeypatch.setenv("PILOTAGE_OPENLINEAGE_CLE", LIGNAGE)
    assert hide(f"401 : Bearer {LIGNAGE}") == "401 : Bearer ***"
    said = hide("refusé : a/b#longMot ; https://x.exemple/hooks/AAAA/0123456789abcdef ; 0123456789abcdef ; court")
    assert said == "refusé : *** ; *** ; *** ; court"


def test_the_settings_of_a_backup_name_secrets_without_their_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILOTAGE_HOME", str(tmp_path))
    monkeypatch.setenv("PILOTAGE_SOURCES", "https://moi:mot/De/passe@miroir/x")
    hidden = {
        "PILOTAGE_CHARGEUR_URL": "host=base user=chargeur",
        "PILOTAGE_LECTEUR_URL": "postgresql:///base",
        "PILOTAGE_BI_ENTREPOT": "postgresql://lecteur:mot/De/passe@base/pilotage",
        "PILOTAGE_AUTRE": "postgresql://base/pilotage?user=a&Password=motDePasse",
    }
    for name, value in hidden.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PILOTAGE_COMMUNES", "1200")
    write_settings(get_settings(), tmp_path / "reglages.env")
    told = (tmp_path / "reglages.env").read_text()
    assert all(f"# {name}= (secret, à redonner)" in told for name in (*hidden, "PILOTAGE_SOURCES"))
    assert "PILOTAGE_COMMUNES=1200" in told and "mot/De" not in told and "motDePasse" not in told


def test_a_plain_webhook_beyond_this_machine_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILOTAGE_HOME", str(tmp_path))
    monkeypatch.setenv("PILOTAGE_ALERTE_WEBHOOK", "http://hooks.exemple/services/unJetonSecret")
    sent = alerter("titre", "texte")["envois"]["webhook"]
    assert sent.startswith("non envoyé : ErreurConfiguration") and "unJetonSecret" not in json.dumps(sent)


def test_the_settings_do_not_show_their_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://a:{FAUX}@localhost/b")
    monkeypatch.setenv("PILOTAGE_CHARGEUR_URL", f"postgresql://a:{FAUX}@localhost/b")
    assert FAUX not in repr(Settings())
