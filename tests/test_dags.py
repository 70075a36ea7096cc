"""The DAG files as Airflow reads them: no import error, every rule of the house on every task, nothing heavy."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pilotage.config import RACINE
from pilotage.orchestration.plan import ACTIFS, AXES, DAGS, POOLS, source_names

SCRIPT = Path(__file__).with_name("dags_lus.py")


def _read(folder: Path, home: Path, **variables: str) -> dict:
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": str(RACINE),
        **variables,
    }
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(folder)], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def lus(tmp_path_factory: pytest.TempPathFactory) -> dict:
    return _read(RACINE / "dags", tmp_path_factory.mktemp("airflow"))


@pytest.fixture(scope="module")
def taches(lus: dict) -> dict[str, dict]:
    return {f"{nom}.{t}": tache for nom, dag in lus["dags"].items() for t, tache in dag["taches"].items()}


def test_the_four_dags_are_read_without_error(lus: dict) -> None:
    assert lus["erreurs"] == {}
    assert set(lus["dags"]) == set(DAGS)


def test_reading_opens_no_connection_and_loads_nothing_heavy(lus: dict) -> None:
    assert lus["connexions"] == []
    assert lus["lourds"] == []


def test_a_heavy_import_in_a_dag_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "lourd.py").write_text("import pandas\nfrom airflow.sdk import DAG\nDAG('x')\n")
    assert _read(tmp_path, tmp_path / "airflow")["lourds"] == ["pandas"]


def test_a_connection_in_a_dag_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "bavard.py").write_text(
        "import socket\nfrom airflow.sdk import DAG\nDAG('x')\nsocket.create_connection(('127.0.0.1', 9), timeout=1)\n"
    )
    found = _read(tmp_path, tmp_path / "airflow")
    assert found["connexions"] and found["erreurs"]


def test_every_dag_runs_alone_without_catching_up_and_is_explained(lus: dict) -> None:
    for nom, dag in lus["dags"].items():
        assert dag["en_meme_temps"] == 1, nom
        assert dag["catchup"] is False, nom
        assert dag["echeance"], nom
        assert dag["doc"].lstrip().startswith("###"), nom
        assert set(AXES) <= set(dag["etiquettes"]), nom


def test_every_task_retries_with_back_off_has_a_limit_an_alert_and_a_doc(taches: dict[str, dict]) -> None:
    assert len(taches) >= 4 + 4 + 2 * len(AXES) + 3
    for nom, tache in taches.items():
        assert tache["retries"] >= 1, nom
        assert tache["backoff"] > 1, nom
        assert tache["policy"], nom
        assert 0 < tache["timeout"] <= 3600, nom
        assert tache["callback"], nom
        assert tache["doc"] and tache["doc"].strip().endswith("."), nom
        assert tache["pool"] in {"default_pool", *POOLS}, nom


def test_ingestion_is_nightly_and_follows_fetch_load_gate(lus: dict) -> None:
    ingestion = lus["dags"]["ingestion"]
    assert ingestion["cron"] == "0 3 * * *"
    taches = ingestion["taches"]
    assert taches["traiter.fetch"]["aval"] == ["traiter.load"]
    assert taches["traiter.load"]["aval"] == ["traiter.gate"]
    assert taches["traiter.gate"]["aval"] == ["conclure"]
    assert taches["conclure"]["regle"] == "all_done", "a source that fails must not stop the night"
    assert taches["traiter.load"]["regle"] == taches["traiter.gate"]["regle"] == "none_skipped"
    assert taches["traiter.gate"]["actifs"] == ["sources"]


def test_the_cron_may_be_taken_away(tmp_path: Path) -> None:
    assert _read(RACINE / "dags", tmp_path, PILOTAGE_CRON="")["dags"]["ingestion"]["cron"] is None


def test_each_dag_is_woken_by_the_one_before(lus: dict) -> None:
    for actif, suivant in zip(ACTIFS, DAGS[1:], strict=False):
        assert lus["dags"][suivant]["reveil"] == [actif]
    for nom, actif in zip(DAGS, ACTIFS, strict=True):
        emitters = [t for t, tache in lus["dags"][nom]["taches"].items() if actif in tache["actifs"]]
        assert len(emitters) == 1, f"{nom} must emit {actif} once"


def test_no_axis_is_announced_before_its_gate(lus: dict) -> None:
    taches = lus["dags"]["entrepot"]["taches"]
    assert taches["creer_generation"]["aval"] and taches["conclure"]["aval"] == []
    for axe in ("commun", *AXES):
        assert f"controler_{axe}" in taches[f"construire_{axe}"]["aval"]
        assert taches[f"controler_{axe}"]["aval"] == ["synthetiser"]
    assert taches["synthetiser"]["aval"] == ["controler_synthese"]
    assert taches["controler_synthese"]["aval"] == ["conclure"]
    for axe in AXES:
        assert f"construire_{axe}" in taches["construire_commun"]["aval"]


def test_a_card_makes_a_line_of_ingestion() -> None:
    names = source_names()
    assert "insee__communes" in names
    assert names == sorted(p.stem for p in (RACINE / "pilotage" / "sources").glob("*.yml"))


@pytest.mark.parametrize("file", sorted((RACINE / "dags").glob("*.py")), ids=lambda p: p.stem)
def test_a_dag_file_fits_on_a_screen(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= 60


def test_an_axis_reads_no_other_axis_for_they_build_side_by_side() -> None:
    marts = RACINE / "dbt_project" / "models" / "marts"
    owner = {path.stem: path.parent.name for path in marts.glob("*/*.sql")}
    for axe in AXES:
        text = "\n".join(path.read_text(encoding="utf-8") for path in (marts / axe).glob("*.sql"))
        read = {owner[name] for name in re.findall(r"'(\w+)'", text) if name in owner} - {"commun", axe}
        assert not read, f"{axe}: share it in commun"
