"""Bring both databases to this release, once, before any component starts: warehouse journal, Airflow, pools."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from pilotage.database import migrate
from pilotage.orchestration.plan import POOLS


def main() -> None:
    """Migrate, then write the pools; any failure stops the one-shot service, hence those that wait for it.

    `PILOTAGE_TACHES_LOURDES` is the number of heavy tasks at once over all machines, those of one by default.
    """
    migrate()
    _airflow("db", "migrate")
    pools = {
        name: {
            "slots": int(os.environ.get("PILOTAGE_TACHES_LOURDES") or slots),
            "description": text,
            "include_deferred": False,
        }
        for name, (slots, text) in POOLS.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pools.json"
        file.write_text(json.dumps(pools), encoding="utf-8")
        _airflow("pools", "import", str(file))


def _airflow(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "airflow", *arguments], check=True)


if __name__ == "__main__":
    main()
