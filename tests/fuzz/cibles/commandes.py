"""Words typed on the command line and shown on a terminal: one sentence, a known exit code, no control character."""

from __future__ import annotations

import io
import re

from typer.testing import CliRunner

from pilotage.__main__ import app
from pilotage.commandes.ecran import Console
from pilotage.commandes.erreurs import INATTENDUE, explain
from tests.fuzz.cibles import TRAVAIL

COMMANDES = (["apports", "expliquer"], ["apports", "verifier"], ["apports", "convertir"])
runner = CliRunner(env={"PILOTAGE_SOURCES": "simulation", "PILOTAGE_HOME": str(TRAVAIL / "maison")})


def seeds() -> list[bytes]:
    words = ("gouvernance", "'; DROP TABLE x; --", "[/bold]", "arcep__debits", "--help", "=1+1", "a\x1b[2J", "../..")
    return [bytes([rank % 3]) + word.encode() for rank, word in enumerate(words)]


def run(data: bytes) -> None:
    words = data[1:].decode("utf-8", "surrogateescape").replace("\0", "")
    out = io.StringIO()
    console = Console(file=out, soft_wrap=True, highlight=False)
    console.print(f"[bold]{words}[/]")
    assert not re.search(r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]", out.getvalue())
    command = COMMANDES[data[0] % 3 if data else 0]
    result = runner.invoke(app, [*command, words])
    error = result.exception
    if error is not None and not isinstance(error, SystemExit):
        sentence, code = explain(error)
        assert sentence and code != INATTENDUE, sentence
