"""What the four DAG files share: assets, delays, retries, alerts. Read at every parse, so it stays light."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import (
    Asset,
    AssetAlias,
    CronTriggerTimetable,
    DeadlineAlert,
    DeadlineReference,
    ExceptionRetryPolicy,
    RetryAction,
    RetryRule,
    SyncCallback,
)

from pilotage import alertes
from pilotage.orchestration.plan import ACTIFS

SOURCES = AssetAlias(name="sources", group="pilotage")
LIVRAISONS, ENTREPOT, RECOMMANDATION, PUBLICATION = (
    Asset(name=name, uri=f"pilotage://{name}", group="pilotage") for name in ACTIFS
)

# A file that is not what its card says will not be better in a minute; a network may.
FINAL_ERRORS = [
    f"pilotage.errors.Erreur{name}"
    for name in ("Configuration", "Fiche", "Lecture", "Chargement", "Controle", "Entrepot", "Publication")
] + ["pilotage.orchestration.ErreurOrchestration"]
RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=FINAL_ERRORS,
            action=RetryAction.FAIL,
            reason="un nouvel essai donnerait le même résultat",
        )
    ]
)


def source_asset(source: str) -> Asset:
    return Asset(name=f"source {source}", uri=f"pilotage://sources/{source}", group="pilotage")


def nightly() -> CronTriggerTimetable | None:
    """Every night at three, Paris time; `PILOTAGE_CRON` says otherwise, and empty keeps nights by hand only."""
    cron = os.environ.get("PILOTAGE_CRON", "0 3 * * *").strip()
    if not cron:
        return None
    return CronTriggerTimetable(cron, timezone="Europe/Paris", run_immediately=timedelta(0))


def arguments(dag_id: str, *, delai_min: int) -> dict[str, Any]:
    """Keyword arguments of every DAG: one run at a time, retries with back-off, time limits, a person told.

    Args:
        delai_min: minutes after which a run that has not ended is told.
    """
    return {
        "dag_id": dag_id,
        "catchup": False,
        "max_active_runs": 1,
        "is_paused_upon_creation": True,
        "dagrun_timeout": timedelta(hours=6),
        "deadline": DeadlineAlert(
            reference=DeadlineReference.DAGRUN_QUEUED_AT,
            interval=timedelta(minutes=delai_min),
            callback=SyncCallback(alertes.prevenir_retard, kwargs={"dag": dag_id, "delai_min": delai_min}),
        ),
        "default_args": {
            "owner": "pilotage",
            "retries": 2,
            "retry_delay": timedelta(seconds=10),
            "retry_exponential_backoff": 3.0,
            "max_retry_delay": timedelta(minutes=10),
            "retry_policy": RETRY_POLICY,
            "weight_rule": "upstream",  # loads before further downloads, so that both go on at once
            "execution_timeout": timedelta(minutes=30),
            "on_failure_callback": alertes.prevenir_echec,
        },
    }
