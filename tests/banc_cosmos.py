"""One `dbt build` an axis against a task a model by astronomer-cosmos: `python -m tests.banc_cosmos [--axe usages]`.

In an environment of its own: that of `requirements.lock` plus `astronomer-cosmos==1.15.*` (with `aenum` and
`deprecation`). On a home whose deliveries are accepted (`pilotage charger`). A generation is opened and its `commun`
built once, then the axis is built in it by each side, each in a process of its own, as a DAG run by Airflow's
`dag.test()`: what the executor's own process a task costs is not counted, which favours the side with many tasks.
Cosmos' WATCHER mode is left out: its tasks wait for one that runs beside them, and `dag.test()` runs one at a time.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pilotage import postgres
from pilotage.config import get_settings
from pilotage.execution_dbt import PROJECT, dbt_environment

COTES = {
    "nous": "un `dbt build` pour l'axe",
    "local_build": "Cosmos LOCAL, un `dbt build` par modèle",
    "local_tests": "Cosmos LOCAL, modèle puis tests",
}


def make_dag(cote: str, axe: str, manifest: Path):
    """The axis as an Airflow DAG, ours or Cosmos'."""
    from airflow.sdk import DAG, task

    with DAG(dag_id=f"banc_{cote}") as dag:
        if cote == "nous":

            @task(task_id="construire")
            def build() -> None:
                arguments = ["build", "--select", f"path:models/marts/{axe}", "--indirect-selection", "buildable"]
                subprocess.run([sys.executable, "-c", "from dbt.cli.main import cli; cli()", *arguments], check=True)

            build()
        else:
            _group(cote, axe, manifest)
    return dag


def _group(cote: str, axe: str, manifest: Path) -> None:
    from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
    from cosmos.constants import ExecutionMode, LoadMode, TestBehavior

    DbtTaskGroup(
        group_id=axe,
        project_config=ProjectConfig(dbt_project_path=PROJECT, manifest_path=manifest, install_dbt_deps=False),
        profile_config=ProfileConfig("pilotage", "entrepot", profiles_yml_filepath=PROJECT / "profiles.yml"),
        execution_config=ExecutionConfig(execution_mode=ExecutionMode.LOCAL),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST,
            select=[f"path:models/marts/{axe}"],
            test_behavior=TestBehavior.BUILD if cote == "local_build" else TestBehavior.AFTER_EACH,
            emit_datasets=False,
        ),
        operator_args={"install_deps": False},
    )


def run_side(cote: str, axe: str, manifest: Path) -> dict[str, float | str]:
    """In the child: run the DAG and say what it took, importing included."""
    start = time.perf_counter()
    dag = make_dag(cote, axe, manifest)
    outcome = dag.test()
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "taches": len(dag.tasks),
        "etat": str(outcome.state),
        "secondes": time.perf_counter() - start,
        "processeur": sum(usage.ru_utime + usage.ru_stime for usage in (own, children)),
        "memoire_mo": max(own.ru_maxrss, children.ru_maxrss) / 1e3,
    }


def measure(cote: str, axe: str, generation: str) -> dict[str, float | str]:
    """Run a side in a process of its own, with an Airflow of its own."""
    settings = get_settings()
    folder = settings.dbt_target / generation
    with tempfile.TemporaryDirectory() as name:
        environment = {
            **os.environ,
            **dbt_environment(settings, folder / axe, generation),
            "DBT_TARGET_PATH": f"{name}/target",
            "DBT_LOG_PATH": f"{name}/target",
            "AIRFLOW_HOME": name,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{name}/airflow.db",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": name,
            "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
        }
        subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], env=environment, check=True, **_mute())
        (Path(name) / "dags.py").write_text(
            "from pathlib import Path\nfrom tests.banc_cosmos import make_dag\n"
            f"dag = make_dag({cote!r}, {axe!r}, Path({str(folder / 'commun' / 'manifest.json')!r}))\n"
        )
        bundle = "import airflow.dag_processing.dagbag as d, airflow.dag_processing.bundles.manager as m; "
        bundle += "m.DagBundlesManager().sync_bundles_to_db(); "
        bundle += f"d.sync_bag_to_db(d.DagBag({name!r}, bundle_path={name!r}, safe_mode=False), 'dags-folder', None)"
        subprocess.run([sys.executable, "-c", bundle], env=environment, check=True, **_mute())
        out = Path(name) / "mesure.json"
        command = [sys.executable, "-m", "tests.banc_cosmos", "--enfant", cote, "--axe", axe, "--vers", str(out)]
        command += ["--manifeste", str(folder / "commun" / "manifest.json")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=3600)
        if not out.exists():
            return {"etat": f"échec : {done.stderr.strip()[-300:]}"}
        return json.loads(out.read_text())


def _mute() -> dict[str, int]:
    return {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def prepare() -> str:
    """A generation under construction whose `commun` is built."""
    from pilotage.entrepot import build_axe, create_generation

    generation = create_generation()
    build_axe(generation, "commun")
    return generation


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--axe", default="developpement")
    parser.add_argument("--cotes", nargs="*", default=list(COTES), choices=list(COTES))
    parser.add_argument("--generation", help="under construction, `commun` already built")
    for hidden in ("--enfant", "--vers", "--manifeste"):
        parser.add_argument(hidden, type=Path if hidden != "--enfant" else str, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.enfant:
        options.vers.write_text(json.dumps(run_side(options.enfant, options.axe, options.manifeste)))
        return
    with postgres.lend():
        generation = options.generation or prepare()
        table = Table(title=f"L'axe « {options.axe} », {os.cpu_count()} cœurs, charge {os.getloadavg()[1]:.1f}")
        for name in ("Côté", "Tâches", "Secondes", "Processeur (s)", "Mémoire (Mo)", "État"):
            table.add_column(name, justify="left" if name in ("Côté", "État") else "right")
        for cote in options.cotes:
            found = measure(cote, options.axe, generation)
            print(cote, json.dumps(found), flush=True)  # each side takes minutes: what was measured outlives a cut
            figures = [found.get(name) for name in ("taches", "secondes", "processeur", "memoire_mo")]
            table.add_row(COTES[cote], *("-" if f is None else f"{f:.0f}" for f in figures), str(found["etat"]))
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
