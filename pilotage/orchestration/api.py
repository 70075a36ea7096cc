"""Airflow's REST API, as much of it as a night needs; the metadata database is never read."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import httpx

from pilotage.orchestration import ErreurOrchestration
from pilotage.orchestration.environnement import ADMIN

DELAI_S = 20.0
ESSAIS = 4
ESSAIS_GARDES = 12  # a minute: what is kept up is started again within seconds


class Airflow:
    """A client of the API server; `essais` is how often a reading is tried."""

    essais = ESSAIS

    def __init__(
        self, port: int, password: str, transport: httpx.BaseTransport | None = None, hote: str = "127.0.0.1"
    ) -> None:
        self.url = f"http://{hote}:{port}"
        self._password = password
        self._http = httpx.Client(base_url=self.url, timeout=DELAI_S, trust_env=False, transport=transport)

    def close(self) -> None:
        self._http.close()

    def health(self) -> dict[str, Any] | None:
        """Health of each component, or None as long as nobody answers."""
        try:
            answer = self._http.get("/api/v2/monitor/health", timeout=3)
        except httpx.HTTPError:
            return None
        return answer.json() if answer.status_code == 200 else None

    def log_in(self) -> None:
        answer = self._send("POST", "/auth/token", json={"username": ADMIN, "password": self._password})
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def parsed_since(self, moment: dt.datetime) -> set[str]:
        """DAGs that the dag-processor has read since `moment`."""
        found = self._get("/api/v2/dags", limit=100)["dags"]
        return {dag["dag_id"] for dag in found if _date(dag["last_parsed_time"]) >= moment and not dag["is_stale"]}

    def import_errors(self) -> list[str]:
        errors = self._get("/api/v2/importErrors")["import_errors"]
        return [f"{error['filename']} : {error['stack_trace'][-800:]}" for error in errors]

    def ensure_pool(self, name: str, slots: int, description: str) -> None:
        body = {"name": name, "slots": slots, "description": description}
        self._send("POST", "/api/v2/pools", json=body, accepted=(409,))  # there already: an administrator's choice

    def set_paused(self, dag: str, paused: bool) -> None:
        self._send("PATCH", f"/api/v2/dags/{dag}", json={"is_paused": paused})

    def trigger(self, dag: str, run_id: str, conf: dict[str, Any]) -> None:
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf}
        self._send("POST", f"/api/v2/dags/{dag}/dagRuns", json=body)

    def run(self, dag: str, run_id: str) -> dict[str, Any]:
        return self._get(f"/api/v2/dags/{dag}/dagRuns/{run_id}")

    def active_runs(self, dag: str) -> list[dict[str, Any]]:
        return self._get(f"/api/v2/dags/{dag}/dagRuns", state=["queued", "running"], limit=50)["dag_runs"]

    def fail_run(self, dag: str, run_id: str, note: str) -> None:
        body = {"state": "failed", "note": note}
        self._send("PATCH", f"/api/v2/dags/{dag}/dagRuns/{run_id}", json=body)

    def forget_queued_events(self, dag: str) -> None:
        """Drop asset events that wait for this DAG: their night was interrupted."""
        self._send("DELETE", f"/api/v2/dags/{dag}/assets/queuedEvents", accepted=(404,))

    def awakened_by(self, dag: str, run_id: str, asset: str) -> dict[str, str]:
        """`{dag: run_id}` of the runs that the events of this run on `asset` created, so far."""
        events = self._get("/api/v2/assets/events", source_dag_id=dag, source_run_id=run_id, limit=100)["asset_events"]
        runs = [run for event in events if event["name"] == asset for run in event["created_dagruns"]]
        return {run["dag_id"]: run["run_id"] for run in runs}

    def task(self, dag: str, run_id: str, task_id: str) -> dict[str, Any]:
        return self._get(f"/api/v2/dags/{dag}/dagRuns/{run_id}/taskInstances/{task_id}")

    def tasks(self, dag: str, run_id: str, state: str) -> list[dict[str, Any]]:
        """Task instances of a run that are in `state`, a hundred at most."""
        found = self._get(f"/api/v2/dags/{dag}/dagRuns/{run_id}/taskInstances", state=[state], limit=100)
        return found["task_instances"]

    def all_tasks(self, dag: str, run_id: str) -> list[dict[str, Any]]:
        """Every task instance of a run, whatever their number."""
        path, found = f"/api/v2/dags/{dag}/dagRuns/{run_id}/taskInstances", []
        while page := self._get(path, limit=100, offset=len(found))["task_instances"]:
            found += page
        return found

    def _get(self, path: str, **params: Any) -> dict[str, Any]:
        return self._send("GET", path, params=params).json()

    def _send(self, method: str, path: str, *, accepted: tuple[int, ...] = (), **content: Any) -> httpx.Response:
        """One request; a reading is tried again, for a busy server may be slow, or its database starting again."""
        attempts = self.essais if method == "GET" else 1
        for attempt in range(1, attempts + 1):
            try:
                answer = self._http.request(method, path, **content)
                if answer.status_code < 500 or attempt == attempts:
                    return _check(answer, accepted)
                time.sleep(attempt)
            except httpx.HTTPError as error:
                if attempt == attempts:
                    raise ErreurOrchestration(
                        f"l'API d'Airflow ne répond plus à {method} {path} : {error!r}"
                    ) from error
                time.sleep(attempt)
        raise ErreurOrchestration(f"aucun essai de {method} {path}")


def _check(answer: httpx.Response, accepted: tuple[int, ...]) -> httpx.Response:
    if answer.is_error and answer.status_code not in accepted:
        request = answer.request
        raise ErreurOrchestration(
            f"Airflow répond {answer.status_code} à {request.method} {request.url.path} : {answer.text[:400]}"
        )
    return answer


def _date(text: str | None) -> dt.datetime:
    return dt.datetime.fromisoformat(text) if text else dt.datetime.min.replace(tzinfo=dt.UTC)
