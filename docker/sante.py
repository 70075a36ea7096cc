"""Health of one component, by what it says of itself: exit code 0 when healthy."""

from __future__ import annotations

import subprocess
import sys
import urllib.request

PAGES = {
    "api-server": "http://127.0.0.1:8080/api/v2/version",
    "scheduler": "http://127.0.0.1:8974/health",
}
JOBS = {"dag-processor": "DagProcessorJob", "triggerer": "TriggererJob"}
DELAI_S = 10


def is_healthy(component: str) -> bool:
    """Ask the component's own page, or Airflow's journal of the jobs alive on this host.

    Raises:
        KeyError: no such component.
    """
    if component in PAGES:
        try:
            with urllib.request.urlopen(PAGES[component], timeout=DELAI_S) as answer:
                return answer.status == 200
        except OSError:
            return False
    command = [sys.executable, "/app/docker/entree.py", "airflow", "jobs", "check", "--local"]
    done = subprocess.run([*command, "--job-type", JOBS[component]], capture_output=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(0 if is_healthy(sys.argv[1]) else 1)
