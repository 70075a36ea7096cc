"""`python -m tests.distribution`: a night over two workers, one of them cut off; says what held, exits 1 if not all.

--sources <dossier miroir>   real files; without it 300 simulated communes
--pannes tache:nature:duree  coupure (its network) or gel (the whole machine), and seconds before it comes back
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pilotage.errors import ErreurPilotage
from tests.distribution.pannes import Panne
from tests.distribution.reseau import TETE, check_machine, machines

PANNES = ["load:coupure:120", "construire_:gel:120"]
DEDANS = "PILOTAGE_DISTRIBUTION_DEDANS"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.distribution", description=__doc__.splitlines()[0])
    parser.add_argument("--sources", type=Path, help="dossier miroir ; 300 communes simulées sinon")
    parser.add_argument("--pannes", nargs="*", default=PANNES, metavar="tache:nature:duree")
    parser.add_argument("--sans-temoin", action="store_true", help="ne pas comparer avec une seule machine")
    parser.add_argument("--garder", action="store_true", help="garder le dossier de l'essai")
    options = parser.parse_args()
    if os.environ.get(DEDANS):
        return _inside(options)
    check_machine()
    base = Path(tempfile.mkdtemp(prefix="pilotage-distribution-"))
    base.chmod(0o755)  # PostgreSQL runs as another user
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with machines():
            command = ["ip", "netns", "exec", TETE, sys.executable, "-m", "tests.distribution", *sys.argv[1:]]
            with subprocess.Popen(command, env={**os.environ, DEDANS: str(base)}) as trial:
                try:
                    return trial.wait()
                except BaseException:
                    trial.terminate()  # it stops what it started; then the machines go
                    raise
    finally:
        if not options.garder:
            shutil.rmtree(base, ignore_errors=True)


def _inside(options: argparse.Namespace) -> int:
    from tests.distribution.nuit import run

    console, base = Console(width=200), Path(os.environ.pop(DEDANS))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    for name in [name for name in os.environ if name.startswith(("PILOTAGE_", "AIRFLOW__", "AWS_"))]:
        del os.environ[name]
    miroir = (options.sources or _simulate(base / "sources")).resolve()
    pannes = [Panne(tache, nature, float(duree)) for tache, nature, duree in (p.split(":") for p in options.pannes)]
    try:
        constats = run(base, miroir, pannes, console, temoin=not options.sans_temoin)
    except ErreurPilotage as error:
        console.print(f"L'essai s'est arrêté : {error}", style="red", markup=False)
        return 1
    table = Table("constat", "tenu", "détail")
    for constat in constats:
        table.add_row(constat.nom, "oui" if constat.tenu else "[red]NON[/]", constat.detail)
    console.print(table)
    return 0 if all(constat.tenu for constat in constats) else 1


def _simulate(folder: Path) -> Path:
    from pilotage.simulation import write_simulation

    write_simulation(folder, 300, 2026)
    return folder


if __name__ == "__main__":
    sys.exit(main())
