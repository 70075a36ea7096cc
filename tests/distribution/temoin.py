"""The witness: the same input made into a warehouse by one machine, without store, Celery nor Airflow."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil

from pilotage.config import RACINE
from pilotage.errors import ErreurEntrepot
from pilotage.orchestration.plan import source_names

DE_FRONT = 4
SANS = ("PILOTAGE_MAGASIN", "PILOTAGE_EXECUTEUR")


class Temoin:
    """Deliveries loaded by some processes at once, then a generation built and shown."""

    def __init__(self, home: Path, url: str) -> None:
        self.home = home
        kept = {name: value for name, value in os.environ.items() if name not in SANS}
        self.environment = {**kept, "PILOTAGE_HOME": str(home), "DATABASE_URL": url, "PYTHONPATH": str(RACINE)}
        home.mkdir(parents=True)
        self._build = subprocess.Popen(
            [sys.executable, "-m", "tests.distribution.temoin"],
            env=self.environment,
            cwd=RACINE,
            stdin=subprocess.DEVNULL,
            stdout=(home / "journal").open("wb"),
            stderr=subprocess.STDOUT,
        )

    def wait(self) -> None:
        """Wait for its end.

        Raises:
            ErreurEntrepot: it failed; the end of its journal is in the message.
        """
        if self._build.wait():
            raise ErreurEntrepot(f"le témoin a échoué : {(self.home / 'journal').read_text()[-2000:]}")

    def stop(self) -> None:
        """End it, and what it started, when the trial ends before it."""
        if self._build.poll() is None:
            family = psutil.Process(self._build.pid).children(recursive=True)
            self._build.kill()
            self._build.wait()
            for process in family:
                if process.is_running():
                    process.kill()


def main() -> None:
    """Load, build and show; the gates of the marts, exports and site are not what is compared."""
    from models_ml.calcul import recommend
    from models_ml.synthese.calcul import synthesise
    from pilotage.catalogue import AXES
    from pilotage.config import get_settings
    from pilotage.database import migrate
    from pilotage.entrepot import build_axe, create_generation
    from pilotage.generations import switch

    migrate(get_settings())
    names = source_names()
    shares = [names[rank::DE_FRONT] for rank in range(DE_FRONT)]
    loads = [subprocess.Popen([sys.executable, "-m", "pilotage", "charger", *share]) for share in shares]
    for load in loads:
        load.wait()
    generation = create_generation()
    for axe in AXES:
        build_axe(generation, axe)
    synthesise(generation)
    recommend(generation)
    switch(generation)


if __name__ == "__main__":
    main()
