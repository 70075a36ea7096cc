"""Health of one component, by what it says of itself: exit code 0 when healthy."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path

PAGES = {
    "api-server": "http://127.0.0.1:8080/api/v2/version",
    "scheduler": "http://127.0.0.1:8974/health",
    "flower": "http://127.0.0.1:5555/healthcheck",
    "superset": "http://127.0.0.1:8088/health",
}
CELERY = [
    "celery",
    "--app",
    "airflow.providers.celery.executors.celery_executor.app",
    "inspect",
    "ping",
    "--timeout",
    "20",
]
JOBS = {"dag-processor": "DagProcessorJob", "triggerer": "TriggererJob"}
DELAI_S = 10


def is_healthy(component: str) -> bool:
    """Ask the component's own page, the worker by its queue, or Airflow's journal of the jobs alive on this host.

    Raises:
        KeyError: no such component.
    """
    if component in PAGES:
        page, trust = PAGES[component], None
        if component == "api-server" and "AIRFLOW__API__SSL_KEY" in os.environ:
            page = page.replace("http:", "https:", 1)
            trust = ssl.create_default_context(cafile=os.environ.get("PILOTAGE_AUTORITE"))
        try:
            with urllib.request.urlopen(page, context=trust, timeout=DELAI_S) as answer:
                return answer.status == 200
        except OSError:
            return False
    command = [sys.executable, str(Path(__file__).with_name("entree.py"))]
    if component == "travailleur":
        command += [*CELERY, "--destination", f"celery@{socket.gethostname()}"]
    else:
        command += ["airflow", "jobs", "check", "--local", "--job-type", JOBS[component]]
    return subprocess.run(command, capture_output=True).returncode == 0


if __name__ == "__main__":
    sys.exit(0 if is_healthy(sys.argv[1]) else 1)
