"""Cost of reducing building files, by engine and size: `python -m tests.banc_immeubles [1000000 … 30000000]`.

Each size is simulated once (Parquet, 35,000 communes), reduced by each engine in a process of its own, then removed.
The tree of processes is read once a second: processor seconds, memory (PSS), disk of the working folder. Equal results
are equal bytes; up to `--oracle` rows they are compared with an independent count too. Measures stay as JSON files.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
from rich.console import Console

from pilotage.config import RACINE
from pilotage.errors import ErreurEntrepot
from pilotage.immeubles.reduction import PYTHON, missing
from pilotage.immeubles.simulation import Ecrits, simulate
from tests.banc_courbes import Releveur, table_courbes, tree_size
from tests.oracle_immeubles import count, differences

COMMUNES, GRAINE = 35_000, 2026
MOTEURS = ("duckdb", "spark")
GRAPPE = "local-cluster[2,1,1024]"


def watch_command(command: list[str], folder: Path) -> tuple[dict, str]:
    """Run a command to its end; what its tree of processes cost, and its standard output.

    Raises:
        ErreurEntrepot: it failed; its last lines are told.
    """
    out = folder / "sortie.txt"
    start = time.time()
    with out.open("w") as handle, (folder / "erreurs.txt").open("w") as errors:
        child = subprocess.Popen(command, cwd=RACINE, stdout=handle, stderr=errors)
        watch = Releveur(lambda: [child.pid], 1.0, folder)
        watch.start()
        code = child.wait()
        end = time.time()
        watch.stop()
    if code:
        raise ErreurEntrepot(f"{command[2]} : {(folder / 'erreurs.txt').read_text()[-600:]}")
    cost = {"secondes": end - start, "calcul_s": watch.cpu(start, end), "memoire_mo": watch.peak()}
    return cost | {"disque_mo": watch.octets / 1e6}, out.read_text()


def run_engine(moteur: str, written: Ecrits, folder: Path, memoire: str) -> dict:
    """One reduction: cost, the engine's own phases, and the digest of each table."""
    work = folder / f"travail_{moteur}"
    shutil.rmtree(work, ignore_errors=True)
    (work / "sortie").mkdir(parents=True)
    command = [str(PYTHON), "-m", "pilotage.immeubles.moteur", "--moteur", moteur, "--format", "parquet"]
    command += ["--brut", str(written.parquet), "--communes", str(written.communes), "--memoire", memoire]
    command += ["--grappe", GRAPPE, "--sortie", str(work / "sortie"), "--travail", str(work / "moteur")]
    cost, said = watch_command(command, work)
    phases = json.loads(said.splitlines()[-1].rpartition("\r")[2])
    digests = {p.stem: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted((work / "sortie").glob("*.csv"))}
    return cost | {"phases": phases, "empreintes": digests, "charge": round(psutil.getloadavg()[0], 1)}


def measure(size: int, folder: Path, moteurs: list[str], memoire: str, oracle: int, keep: bool) -> None:
    """Simulate one size, reduce it by each engine, keep one JSON file an engine."""
    raw, mark = folder / f"brut_{size}", folder / f"brut_{size}.json"
    if not mark.exists():
        start, used = time.time(), time.process_time()
        lines = simulate(size, COMMUNES, GRAINE, raw, ("2026T1", "2026T2"), csv=False).lignes
        spans = {"simulation_s": time.time() - start, "simulation_calcul_s": time.process_time() - used}
        mark.write_text(json.dumps({"lignes": lines, "octets_parquet": tree_size(raw)} | spans))
    made = json.loads(mark.read_text())
    written = Ecrits(raw, [], raw / "parquet", raw / "communes.csv", made["lignes"])
    expected = count(written.parquet, written.communes) if size <= oracle else None
    for moteur in moteurs:
        result = {"taille": size, "moteur": moteur, "memoire_permise": memoire} | made
        result |= run_engine(moteur, written, folder, memoire)
        if expected is not None:
            result["ecarts_oracle"] = differences(folder / f"travail_{moteur}" / "sortie", expected)
        (folder / f"immeubles_{size}_{moteur}.json").write_text(json.dumps(result, indent=1) + "\n")
        shutil.rmtree(folder / f"travail_{moteur}")
    if not keep:
        shutil.rmtree(raw)
        mark.unlink()


def show(folder: Path, console: Console) -> bool:
    """Tables of every measure of the folder; True when all sizes measured twice have equal results."""
    runs = [json.loads(p.read_text()) for p in folder.glob("immeubles_*.json")]
    sizes = sorted({run["taille"] for run in runs})
    wanted = {"secondes": "s", "calcul_s": "s de processeur", "memoire_mo": "Mo", "disque_mo": "Mo de disque"}
    curves = {unit: {} for unit in wanted.values()}
    for run in sorted(runs, key=lambda r: r["taille"]):
        for key, unit in wanted.items():
            curves[unit].setdefault(run["moteur"], {})[run["taille"]] = run[key]
        curves["s"].setdefault(f"{run['moteur']}, modèles", {})[run["taille"]] = run["phases"]["modeles_s"]
        curves["s de processeur"].setdefault("simulation", {})[run["taille"]] = run["simulation_calcul_s"]
        curves["Mo de disque"].setdefault("Parquet brut", {})[run["taille"]] = run["octets_parquet"] / 1e6
    for unit, curve in curves.items():
        table_courbes(console, "Immeubles", curve, sizes, unit)
    equal = True
    for size in sizes:
        ours = [run for run in runs if run["taille"] == size]
        same = len({json.dumps(run["empreintes"], sort_keys=True) for run in ours}) == 1
        oracle = [gap for run in ours for gap in run.get("ecarts_oracle", ["non comparé"])]
        equal &= same
        said = "octets égaux" if same and len(ours) > 1 else "un seul moteur" if same else "RÉSULTATS DIFFÉRENTS"
        lines, rows = ours[0]["lignes"], ours[0]["phases"]["lignes"]["fait_immeubles"]
        told = ", ".join(sorted(set(oracle))) or "égal"
        console.print(f"{size} : {lines} lignes, fait de {rows} lignes ; moteurs : {said} ; comptage : {told}")
    return equal


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tailles", type=int, nargs="*", default=[1_000_000, 3_000_000, 10_000_000, 30_000_000])
    parser.add_argument("--dossier", type=Path, default=Path("/tmp/banc_immeubles"))
    parser.add_argument("--moteurs", default=",".join(MOTEURS))
    parser.add_argument("--memoire", default="1500MB")
    parser.add_argument("--oracle", type=int, default=1_000_000, help="largest size compared with polars' count")
    parser.add_argument("--garder", action="store_true", help="keep the simulated files for another engine's turn")
    parser.add_argument("--montrer", action="store_true", help="only print what was measured before")
    args = parser.parse_args()
    console = Console(width=150)
    args.dossier.mkdir(parents=True, exist_ok=True)
    moteurs = [m for m in args.moteurs.split(",") if not missing(m)]
    for moteur in args.moteurs.split(","):
        if lack := missing(moteur):
            console.print(f"{moteur} est sauté : {lack}")
    for size in [] if args.montrer else args.tailles:
        measure(size, args.dossier, moteurs, args.memoire, args.oracle, args.garder)
    sys.exit(0 if show(args.dossier, console) else 1)


if __name__ == "__main__":
    main()
