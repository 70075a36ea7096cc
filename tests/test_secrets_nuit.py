"""After a whole night through Airflow: no key and no password in logs, artefacts, or the databases' own files."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from tests.maison import Maison
from tests.test_secrets import leaks

COFFRES = ("secrets.json", "mots_de_passe.json", "mot_de_passe", "lecteur", "chargeur")


def test_a_night_writes_no_secret_but_in_the_files_meant_for_them(maison: Maison) -> None:
    keys = json.loads((maison.home / "airflow" / "secrets.json").read_text())
    password = next(maison.home.rglob("postgres/mot_de_passe"), None) or Path("/nulle/part")
    words = [*keys.values(), password.read_text().strip()]
    assert len(set(words)) == 5 and all(len(word) >= 20 for word in words)
    assert leaks(maison.home, words, COFFRES) == []
    assert [word[:4] for word in words for done in maison.sorties if word in done.stdout + done.stderr] == []
    for path in maison.home.rglob("*"):
        if path.name in COFFRES and path.is_file():
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
