"""Steps that run while the machine's clock, or the server's, has gone back some days (libfaketime)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from pilotage import generations, postgres
from pilotage.config import RACINE, get_settings
from tests.epreuves.banc import Issue
from tests.epreuves.collecte import Collecte
from tests.epreuves.entrepot import Entrepot
from tests.epreuves.rapport import Epreuve

RECUL = "-3d"


def library() -> Path | None:
    """libfaketime, of Debian's package `faketime`."""
    return next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)


def collect_in_the_past(collecte: Collecte, lib: Path) -> Iterator[Epreuve]:
    """A delivery fetched, loaded and judged three days before the one that it replaces."""
    for source in collecte.sources[:4]:
        started = time.monotonic()
        collecte._ask_loading_again(source)
        code = (
            "from pilotage.fetch import fetch_source as f; from pilotage.load import load_source as l; "
            f"from pilotage.gate import gate_source as g; [step({source!r}) for step in (f, l, g)]"
        )
        issue = _run(code, lib)
        epreuve = Epreuve("horloge reculée", "celle de la machine", f"collecte de {source}", str(issue))
        collecte._finish(source, epreuve, [issue])
        epreuve.secondes = time.monotonic() - started
        yield epreuve


def publish_in_the_past(entrepot: Entrepot, lib: Path) -> Iterator[Epreuve]:
    """Generations named, switched to, left and exported by a machine, then by a server, that lives in the past."""
    banc, switch = entrepot.banc, "from pilotage.generations import go_back; go_back()"
    export = "from pilotage.export import export_generation as e; e(forcer=True)"
    for sorte in ("celle de la machine", "celle du serveur"):
        if sorte == "celle du serveur":
            postgres.stop(get_settings())
            issue = _run("from pilotage import postgres; postgres.start()", lib)
            if issue.etat != "reussie":
                yield Epreuve("horloge reculée", sorte, "démarrage", str(issue), inattendue=str(issue))
                continue
        for name, code in (("retour", switch), ("retour", switch), ("export", export)):
            started = time.monotonic()
            issue = _run(code, lib) if sorte == "celle de la machine" else _run(code, None)
            epreuve = Epreuve("horloge reculée", sorte, name, str(issue))
            shown = generations.visible()
            problems = [issue.inattendue, "" if issue.etat == "reussie" else f"échec : {issue}"]
            assert shown is not None
            problems += entrepot._judge("bascule", shown.generation, epreuve)
            problems += entrepot.check_export(shown.generation) if name == "export" else []
            epreuve.inattendue = " ; ".join(filter(None, problems))
            epreuve.secondes = time.monotonic() - started
            yield epreuve
        if sorte == "celle du serveur":
            postgres.stop(get_settings())
            banc.start()


def _run(code: str, lib: Path | None) -> Issue:
    environment = {**os.environ, "PYTHONPATH": str(RACINE)}
    if lib:
        environment |= {"LD_PRELOAD": str(lib), "FAKETIME": RECUL, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    seconds = time.monotonic() - started
    if done.returncode == 0:
        return Issue("reussie", secondes=seconds)
    last = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"code {done.returncode}"
    return Issue("erreur", last, last.startswith(("pilotage.errors", "sqlalchemy.exc", "psycopg")), seconds)
