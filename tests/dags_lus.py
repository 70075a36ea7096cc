"""Reads the DAG files with Airflow itself and prints what it found as JSON, in a process of its own."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

LOURDS = ("dbt", "great_expectations", "pandas", "sklearn", "polars", "duckdb", "highspy")


def describe_task(task) -> dict:
    return {
        "retries": task.retries,
        "backoff": task.retry_exponential_backoff,
        "policy": task.has_retry_policy,
        "timeout": task.execution_timeout.total_seconds() if task.execution_timeout else None,
        "callback": task.has_on_failure_callback,
        "doc": task.doc_md,
        "pool": task.pool,
        "regle": task.trigger_rule.value,
        "aval": sorted(task.downstream_task_ids),
        "actifs": [outlet.name for outlet in task.outlets],
    }


def describe_dag(dag) -> dict:
    condition = getattr(dag.timetable, "asset_condition", None)
    return {
        "cron": getattr(dag.timetable, "expression", None),
        "reveil": [asset.name for asset in condition.objects] if condition else [],
        "catchup": dag.catchup,
        "en_meme_temps": dag.max_active_runs,
        "doc": dag.doc_md,
        "etiquettes": sorted(dag.tags),
        "echeance": bool(dag.deadline),
        "taches": {task.task_id: describe_task(task) for task in dag.tasks},
    }


def forbid_connections() -> list[str]:
    tried: list[str] = []

    def refuse(self, address, *_):
        tried.append(str(address))
        raise OSError("no connection while a DAG is read")

    socket.socket.connect = refuse
    socket.socket.connect_ex = refuse
    return tried


def main(folder: Path) -> None:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.serialization.serialized_objects import DagSerialization

    before = set(sys.modules)
    tried = forbid_connections()
    bag = DagBag(str(folder))
    for dag in bag.dags.values():
        DagSerialization.to_dict(dag)
    found = {
        "erreurs": bag.import_errors,
        "connexions": tried,
        "lourds": sorted({name.split(".")[0] for name in set(sys.modules) - before} & set(LOURDS)),
        "dags": {dag.dag_id: describe_dag(dag) for dag in bag.dags.values()},
    }
    print(json.dumps(found, default=str))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
