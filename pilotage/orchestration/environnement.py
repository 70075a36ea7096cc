"""The environment of Airflow: on this machine unless workers must reach it, with metadata and secrets of its own."""

from __future__ import annotations

import base64
import json
import os
import secrets
import socket
from pathlib import Path

from sqlalchemy import make_url

from pilotage.config import RACINE, Settings
from pilotage.errors import ErreurConfiguration
from pilotage.evenements.reglage import airflow_variables
from pilotage.orchestration.ouvriers import celery_variables

ADMIN = "pilotage"
TASKS_AT_ONCE = 4  # downloads wait for the network while two heavy tasks keep two cores busy (pool `lourd`)
FIRST_PORT = 8080
PRELOADED = (
    "airflow.executors.local_executor,airflow.sdk.execution_time.task_runner,airflow.sdk.execution_time.supervisor,"
    "pandas,great_expectations,pilotage.orchestration.taches,pilotage.fetch,pilotage.load,pilotage.gate"
)


def airflow_home(settings: Settings) -> Path:
    return settings.home / "airflow"


def task_logs(settings: Settings) -> Path:
    """Folder of the tasks' own logs, one file an attempt."""
    return settings.logs / "taches"


def passwords_file(settings: Settings) -> Path:
    return airflow_home(settings) / "mots_de_passe.json"


def airflow_environment(
    settings: Settings, metadata_url: str, port: int, *, nightly: bool, preload: bool = False
) -> dict[str, str]:
    """Variables for every Airflow process, on top of the caller's own environment.

    Args:
        metadata_url: SQLAlchemy URL of Airflow's database, password included.
        port: where the API server listens, on `settings.adresse_api`.
        nightly: keep the cron of `ingestion`; False when one single night is run by hand.
        preload: fork tasks from a process that already holds the heavy libraries (worth it when many gates will run).
    """
    keys = load_secrets(settings)
    base = f"http://{settings.adresse_api}:{port}"
    environment = {
        **os.environ,
        **_authority(metadata_url),
        **own_settings(settings),
        "AIRFLOW_HOME": str(airflow_home(settings)),
        "AIRFLOW__CORE__DAGS_FOLDER": str(RACINE / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": str(TASKS_AT_ONCE),
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": "Europe/Paris",
        "AIRFLOW__CORE__FERNET_KEY": keys["fernet"],
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{base}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMIN}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords_file(settings)),
        "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "0",
        "AIRFLOW__API__HOST": settings.adresse_api,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": base,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": keys["session"],
        "AIRFLOW__API_AUTH__JWT_SECRET": keys["jwt"],
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": _url(metadata_url, "postgresql+psycopg2"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": _async_url(metadata_url),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE": "5",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "1" if nightly else "0.5",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
        # A supervisor may notice its task's end only at its next heartbeat: five seconds by default, for each task.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(task_logs(settings)),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(settings.logs / "airflow" / "lecture"),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": os.environ.get("AIRFLOW__LOGGING__LOGGING_LEVEL", "INFO"),
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
        "AIRFLOW__LOGGING__NAMESPACE_LEVELS": "great_expectations=WARNING alembic=WARNING",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
        "GX_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "NO_PROXY": _without_proxy(settings.adresse_api),
        "no_proxy": _without_proxy(settings.adresse_api),
    }
    environment |= {**airflow_variables(settings), **statsd_variables(), **celery_variables(settings)}
    if not nightly:
        environment["PILOTAGE_CRON"] = ""
    if preload:
        environment["AIRFLOW__SCHEDULER__MP_START_METHOD"] = "forkserver"
        environment["AIRFLOW__SCHEDULER__MP_FORKSERVER_PRELOAD"] = PRELOADED
    return environment


def statsd_variables() -> dict[str, str]:
    """Airflow's counters by UDP to `PILOTAGE_STATSD` (`host:port`); nothing without it.

    Raises:
        ErreurConfiguration: not a host and a port.
    """
    place = os.environ.get("PILOTAGE_STATSD", "").strip()
    if not place:
        return {}
    host, _, port = place.rpartition(":")
    if not host or not port.isdigit():
        raise ErreurConfiguration(f"PILOTAGE_STATSD vaut « {place} »", attendu="hôte:port, comme 127.0.0.1:8125")
    return {
        "AIRFLOW__METRICS__STATSD_ON": "True",
        "AIRFLOW__METRICS__STATSD_HOST": host,
        "AIRFLOW__METRICS__STATSD_PORT": port,
        "AIRFLOW__METRICS__STATSD_PREFIX": "airflow",
    }


def load_secrets(settings: Settings) -> dict[str, str]:
    """Keys of this home, drawn the first time: `fernet`, `jwt`, `session` and the administrator's `mot_de_passe`.

    A password is asked even on 127.0.0.1: on a shared machine any account may open a loopback port, and Airflow's
    administrator runs code.
    """
    file = airflow_home(settings) / "secrets.json"
    if not file.exists():
        keys = {
            "fernet": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "jwt": secrets.token_urlsafe(48),
            "session": secrets.token_urlsafe(48),
            "mot_de_passe": secrets.token_urlsafe(18),
        }
        write_private(file, json.dumps(keys))
    keys = json.loads(file.read_text())
    if not passwords_file(settings).exists():
        write_private(passwords_file(settings), json.dumps({ADMIN: keys["mot_de_passe"]}))
    return keys


def choose_port(settings: Settings) -> int:
    """The port of last time when it is free, else the first free one from 8080; remembered in the home."""
    file = airflow_home(settings) / "port"
    known = [int(file.read_text())] if file.exists() else []
    for port in [*known, *range(FIRST_PORT, FIRST_PORT + 20), 0]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.adresse_api, port))
            except OSError:
                continue
            chosen = probe.getsockname()[1]
            break
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(str(chosen))
    return chosen


def write_private(file: Path, text: str) -> None:
    """Write a file that its owner alone may read, and that nobody ever sees half written."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(text)
    draft.replace(file)


def own_settings(settings: Settings) -> dict[str, str]:
    return {
        "PILOTAGE_HOME": str(settings.home),
        "PILOTAGE_SOURCES": settings.sources,
        "PILOTAGE_COMMUNES": str(settings.communes),
        "PILOTAGE_SEED": str(settings.seed),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(RACINE), os.environ.get("PYTHONPATH")])),
    }


def _url(url: str, driver: str) -> str:
    return make_url(url).set(drivername=driver).render_as_string(hide_password=False)


def _async_url(url: str) -> str:
    """asyncpg says `ssl` for libpq's `sslmode`, and reads the authority's file from PGSSLROOTCERT alone."""
    parsed = make_url(url)
    query = {"ssl" if name == "sslmode" else name: value for name, value in parsed.query.items()}
    query.pop("sslrootcert", None)
    return _url(parsed.set(query=query).render_as_string(hide_password=False), "postgresql+asyncpg")


def _authority(url: str) -> dict[str, str]:
    """The file of the authority that an address names, where asyncpg looks for it."""
    named = make_url(url).query.get("sslrootcert")
    return {"PGSSLROOTCERT": str(named)} if named else {}


def _without_proxy(address: str) -> str:
    """Tasks speak to the API server by HTTP: a company proxy must never stand between them."""
    known = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    return ",".join(dict.fromkeys([*filter(None, known.split(",")), "127.0.0.1", "localhost", address]))
