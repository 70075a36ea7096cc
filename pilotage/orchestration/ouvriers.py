"""Tasks on workers of other machines: Airflow's CeleryExecutor, set so that a worker cut off loses nothing.

a worker that no longer reaches the API stops its task by itself    ≤ 3 heartbeats × 3 tries × 5 s   (about 60 s)
the scheduler declares its task lost, and has it done elsewhere     after 120 s without a heartbeat
a message that a dead worker had taken and not begun is sent anew   after 300 s in the queue
Redis gives a message that nobody acknowledged to another worker    after 7 h, more than the longest run (6 h):
    never while the task runs; Airflow refuses the second copy of a task that runs, and of one that has ended
"""

from __future__ import annotations

import json
import os
import sys

from pilotage.config import RACINE, Settings
from pilotage.errors import ErreurConfiguration

OBLIGATOIRES = ("AIRFLOW__CELERY__BROKER_URL", "AIRFLOW__CELERY__RESULT_BACKEND")
PRELOADED = (
    "airflow.sdk.execution_time.task_runner,airflow.sdk.execution_time.supervisor,pandas,great_expectations,"
    "pilotage.fetch,pilotage.gate"
)
VARIABLES = {
    "AIRFLOW__CORE__PARALLELISM": "16",
    "AIRFLOW__CELERY__OPERATION_TIMEOUT": "30",  # one second by default fails tasks on a busy machine
    "AIRFLOW__CELERY__TASK_ACKS_LATE": "True",
    "AIRFLOW__CELERY__WORKER_PREFETCH_MULTIPLIER": "1",  # a worker takes no task that it cannot begin
    "AIRFLOW__CELERY__WORKER_CONCURRENCY": "4",
    # Held by the worker from its start, so that no task loads them anew: seconds of each.
    "AIRFLOW__CELERY__EXTRA_CELERY_CONFIG": json.dumps({"imports": PRELOADED.split(",")}),
    "AIRFLOW__CELERY__WORKER_ENABLE_REMOTE_CONTROL": "True",  # `celery inspect ping`, for checks of health
    "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": "25200",
    # Cut off without a word, Redis is noticed missing by keepalives and not after two hours.
    "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__SOCKET_KEEPALIVE": "True",
    "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__HEALTH_CHECK_INTERVAL": "15",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "120",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "10",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "300",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "30",
    "AIRFLOW__WORKERS__MAX_FAILED_HEARTBEATS": "3",
    "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "3",
    "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "5",
    "AIRFLOW__WORKERS__EXECUTION_API_RETRY_WAIT_MAX": "3",
}
API = "AIRFLOW__CORE__EXECUTION_API_SERVER_URL"
JOURNAUX = "pilotage.orchestration.journaux.LOGGING_CONFIG"


def celery_variables(settings: Settings) -> dict[str, str]:
    """Airflow's variables for `PILOTAGE_EXECUTEUR=celery`; one that the environment has already is left as it is.

    Raises:
        ErreurConfiguration: no broker, no place for results, or no store for what tasks hand to each other.
    """
    if settings.executeur != "celery":
        return {}
    missing = [name for name in OBLIGATOIRES if not os.environ.get(name)]
    missing += [] if settings.magasin else ["PILOTAGE_MAGASIN"]
    if missing:
        raise ErreurConfiguration(
            f"plusieurs machines demandent {', '.join(missing)}",
            attendu="redis://…, db+postgresql://…/airflow et s3://seau/prefixe ou file:///dossier/partage",
            conseil="les donner par l'environnement (docs/machines.md)",
        )
    wanted = {**VARIABLES, "AIRFLOW__LOGGING__LOGGING_CONFIG_CLASS": JOURNAUX}
    own = {"PILOTAGE_EXECUTEUR": "celery", "PILOTAGE_MAGASIN": settings.magasin or ""}
    return {"AIRFLOW__CORE__EXECUTOR": "CeleryExecutor", **own, **{n: os.environ.get(n, v) for n, v in wanted.items()}}


def worker_command(nom: str) -> list[str]:
    """A worker of this machine, known to Celery as `nom`."""
    options = ["--skip-serve-logs", "--without-gossip", "--without-mingle", "--celery-hostname", nom]
    return [sys.executable, "-m", "airflow", "celery", "worker", *options]


def worker_environment(settings: Settings) -> dict[str, str]:
    """Variables of a worker, on top of the caller's own; it needs the API's address and no secret of Airflow's.

    Raises:
        ErreurConfiguration: what several machines need is lacking.
    """
    from pilotage.evenements.reglage import airflow_variables
    from pilotage.orchestration.environnement import airflow_home, own_settings, statsd_variables, task_logs

    if settings.executeur != "celery" or not os.environ.get(API) or not settings.database_url_env:
        raise ErreurConfiguration(
            "cette machine ne sait pas d'où lui viendraient ses tâches",
            attendu=f"PILOTAGE_EXECUTEUR=celery, DATABASE_URL et {API}=http(s)://tete:8080/execution/",
            conseil="les donner par l'environnement (docs/machines.md)",
        )
    return {
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": "Europe/Paris",
        **os.environ,
        **own_settings(settings),
        **airflow_variables(settings),  # events and counters of a task are sent from where it runs
        **statsd_variables(),
        **celery_variables(settings),
        "AIRFLOW_HOME": str(airflow_home(settings)),
        "AIRFLOW__CORE__DAGS_FOLDER": str(RACINE / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(task_logs(settings)),
        "AIRFLOW__LOGGING__NAMESPACE_LEVELS": "great_expectations=WARNING alembic=WARNING",
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
        "GX_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
