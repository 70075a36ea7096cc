"""What grows with the number of communes: `python -m tests.banc_communes [--dossier D] 4000 12000 35000 100000`.

Each size is simulated, loaded and built without Airflow, in a home of its own that is removed afterwards. Steps
come from the journal `pilotage.etapes`; processor seconds, which other work on the machine does not stretch, and memory
(PSS: shared pages counted once) from the tree of processes and PostgreSQL's, read once a second.
A step that fails is kept as such and the next ones are tried; a size that takes longer than `--limite` is cut there.
Measures are JSON files in the folder: sizes may be measured on different days, tables are made of all that are there.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
from rich.console import Console

from pilotage import postgres
from pilotage.catalogue import load_catalogue
from pilotage.config import RACINE, get_settings
from pilotage.database import get_engine
from tests.banc_courbes import Releveur, croissance, table_courbes, tree_size

NUIT = "banc"


def build(nuit: str) -> None:
    """The steps of `chaine.build`, each tried whatever became of the former, as a bench wants."""
    from models_ml.calcul import recommend
    from models_ml.synthese.calcul import synthesise
    from pilotage.chaine import AXES
    from pilotage.entrepot import build_axe, create_generation
    from pilotage.errors import ErreurPilotage
    from pilotage.export import export_generation
    from pilotage.gate import gate_axe
    from pilotage.publish import switch
    from pilotage.site.generation import build_site
    from pilotage.suivi import suivre_etape

    generation = create_generation()
    steps = []
    for axe in AXES:
        steps += [("build", axe, lambda axe=axe: build_axe(generation, axe))]
        steps += [("gate", axe, lambda axe=axe: gate_axe(generation, axe))]
    steps += [("build", "synthese", lambda: synthesise(generation))]
    steps += [("gate", "synthese", lambda: gate_axe(generation, "synthese"))]
    steps += [("recommandation", "services", lambda: recommend(generation))]
    steps += [("gate", "recommandation", lambda: gate_axe(generation, "recommandation"))]
    steps += [("publication", "bascule", lambda: switch(generation))]
    steps += [("publication", "export", lambda: export_generation(generation)), ("publication", "site", build_site)]
    for etape, objet, action in steps:
        try:
            with suivre_etape(nuit, etape, objet):
                action()
        except ErreurPilotage as error:
            Console(stderr=True).print(f"{etape} {objet} : {error}", markup=False)


def run_size(jusque: str) -> None:
    """In the child process: simulate, migrate, load, build."""
    from pilotage.chaine import ingest
    from pilotage.commandes.etapes import _prepare

    start = time.time()
    _prepare()
    (get_settings().home / "simulee.json").write_text(json.dumps([start, time.time()]))
    if jusque == "simulation":
        return
    if jusque == "chargement":
        load_all(NUIT)
        return
    done = ingest(NUIT)
    for source, error in done.erreurs.items():
        Console(stderr=True).print(f"{source} : {error}", markup=False)
    build(NUIT)


def load_all(nuit: str) -> None:
    """Fetch and load every source, without the gates, whose cost is mostly the same at every size."""
    from pilotage.errors import ErreurPilotage
    from pilotage.fetch import fetch_source
    from pilotage.load import load_source
    from pilotage.suivi import suivre_etape

    for etape, action in (("fetch", fetch_source), ("load", load_source)):
        for source in load_catalogue():
            try:
                with suivre_etape(nuit, etape, source) as journal:
                    journal.lignes = getattr(action(source), "lignes", None)
            except ErreurPilotage as error:
                Console(stderr=True).print(f"{source} : {error}", markup=False)


def measure(communes: int, folder: Path, limite_s: float, jusque: str) -> Path:
    """One size in a home of its own; the file of its measures."""
    home = folder / f"maison_{communes}"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    home.chmod(0o755)
    os.environ.update(PILOTAGE_HOME=str(home), PILOTAGE_SOURCES="simulation", PILOTAGE_COMMUNES=str(communes))
    settings = get_settings()
    journal = folder / f"communes_{communes}.log"
    load_start = psutil.getloadavg()[0]
    with journal.open("w") as out:
        command = [sys.executable, "-m", "tests.banc_communes", "--enfant", jusque]
        child = subprocess.Popen(command, cwd=RACINE, stdout=out, stderr=out)
        watch = Releveur(lambda: [child.pid, *_server(settings)])
        watch.start()
        try:
            child.wait(timeout=limite_s)
        except subprocess.TimeoutExpired:
            for process in [*psutil.Process(child.pid).children(recursive=True), psutil.Process(child.pid)]:
                if process.is_running():
                    process.terminate()
            child.wait()
    try:
        watch.stop()
        content = {
            "communes": communes,
            "complete": child.returncode == 0,
            "jusque": jusque,
            "charge_machine": [round(load_start, 1), round(psutil.getloadavg()[0], 1)],
            "etapes": _steps(home, watch),
            "octets_maison": tree_size(home),
            "octets_base": tree_size(postgres.postgres_dir(settings)),
            "octets_simulation": tree_size(settings.simulation_dir),
        }
    finally:
        get_engine(settings).dispose()
        postgres.stop(settings)
        shutil.rmtree(postgres.postgres_dir(settings), ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)
    file = folder / f"communes_{communes}.json"
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return file


def _server(settings) -> list[int]:
    pidfile = postgres.postgres_dir(settings) / "donnees" / "postmaster.pid"
    try:
        pid = int(pidfile.read_text().split()[0])
    except (OSError, IndexError, ValueError):
        return []
    return [pid] if pid > 0 else []  # initdb's own server, which is the child's, writes a negative one


def _steps(home: Path, watch: Releveur) -> list[dict]:
    marker = home / "simulee.json"
    if not marker.exists():
        return [
            {
                "nom": "simulation",
                "secondes": watch.duree(),
                "memoire_mo": watch.peak(),
                "etat": "coupee",
                "calcul_s": 0.0,
            }
        ]
    start, end = json.loads(marker.read_text())
    steps = [{"nom": "simulation", "secondes": end - start, "memoire_mo": watch.peak(start, end), "etat": "reussie"}]
    steps[0]["calcul_s"] = watch.cpu(start, end)
    sources = set(load_catalogue())
    query = (
        "SELECT etape, objet, etat, extract(epoch FROM debut), extract(epoch FROM coalesce(fin, clock_timestamp())), "
        "message FROM pilotage.etapes ORDER BY id"
    )
    with get_engine().connect() as connection:
        rows = connection.exec_driver_sql(query).fetchall()
    for etape, objet, etat, debut, fin, message in rows:
        debut, fin = float(debut), float(fin)
        name = f"{etape} (sources)" if objet in sources else f"{etape} {objet}"
        one = {"nom": name, "objet": objet, "secondes": fin - debut, "memoire_mo": watch.peak(debut, fin), "etat": etat}
        one["calcul_s"] = watch.cpu(debut, fin)
        steps.append(one | ({"message": message} if etat == "echouee" else {}))
    return steps


def show(folder: Path, console: Console) -> None:
    """Tables from every file of measures of the folder: seconds, memory, exponents, then the heaviest sources."""
    runs = sorted((json.loads(p.read_text()) for p in folder.glob("communes_*.json")), key=lambda r: r["communes"])
    seconds: dict[str, dict[int, float]] = {}
    work: dict[str, dict[int, float]] = {}
    memory: dict[str, dict[int, float]] = {}
    sources: dict[str, dict[int, float]] = {}
    for run in runs:
        n = run["communes"]
        for step in run["etapes"]:
            if step["etat"] in ("en_cours", "coupee", "echouee"):
                continue
            by = seconds.setdefault(step["nom"], {})
            by[n] = by.get(n, 0) + step["secondes"]
            used = work.setdefault(step["nom"], {})
            used[n] = used.get(n, 0) + step["calcul_s"]
            peaks = memory.setdefault(step["nom"], {})
            peaks[n] = max(peaks.get(n, 0), step["memoire_mo"])
            if step["nom"].endswith("(sources)"):
                sources.setdefault(f"{step['nom'].split()[0]} {step['objet']}", {})[n] = step["calcul_s"]
        sizes = (("octets de la base", "octets_base"), ("octets simulés", "octets_simulation"))
        for label, key in sizes:
            memory.setdefault(label, {})[n] = run[key] / 1e6
    table_courbes(console, "Secondes par étape", seconds, [r["communes"] for r in runs], "s")
    table_courbes(console, "Secondes de processeur par étape", work, [r["communes"] for r in runs], "s")
    table_courbes(console, "Mémoire la plus haute (PSS) et disque", memory, [r["communes"] for r in runs], "Mo")
    last = runs[-1]["communes"]
    steep = sorted(sources.items(), key=lambda kv: -kv[1].get(last, 0))[:12]
    table_courbes(console, "Les sources les plus longues (processeur)", dict(steep), [r["communes"] for r in runs], "s")
    for run in runs:
        failed = [f"{s['nom']} {s.get('objet', '')} ({s['etat']})" for s in run["etapes"] if s["etat"] != "reussie"]
        failed = [f for f in failed if "sans_changement" not in f]
        console.print(
            f"{run['communes']} communes : charge {run['charge_machine']}, "
            f"{'entière' if run['complete'] else 'coupée ou en erreur'}, non réussies : {', '.join(failed) or 'aucune'}"
        )
    above = {name: croissance(points) for name, points in work.items()}
    steepest = sorted((k for k in above.items() if k[1]), key=lambda kv: -kv[1])[:5]
    console.print("Plus que linéaires : " + ", ".join(f"{n} {e:.2f}" for n, e in steepest if e > 1.15))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tailles", type=int, nargs="*")
    parser.add_argument("--dossier", type=Path, default=Path("/tmp/banc_communes"))
    parser.add_argument("--limite", type=float, default=3600, help="seconds for one size")
    parser.add_argument("--jusque", choices=("simulation", "chargement", "tout"), default="tout")
    parser.add_argument("--enfant", choices=("simulation", "chargement", "tout"))
    args = parser.parse_args()
    if args.enfant:
        run_size(args.enfant)
        return
    args.dossier.mkdir(parents=True, exist_ok=True)
    args.dossier.chmod(0o755)
    for communes in args.tailles:
        measure(communes, args.dossier, args.limite, args.jusque)
    show(args.dossier, Console(width=160))


if __name__ == "__main__":
    main()
