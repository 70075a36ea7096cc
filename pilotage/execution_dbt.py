"""dbt in a process of its own, one at a time for an axis of a generation, stopped when it may no longer write."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import make_url

from pilotage.config import RACINE, Settings
from pilotage.errors import ErreurEntrepot
from pilotage.nature import is_simulated
from pilotage.suivi import COURANTE, check_courante
from pilotage.verrou import OPTIONS, Verrou, alone

PROJECT = RACINE / "dbt_project"
TIMEOUT_S = 3600
REGARD_S = 2.0


def run_dbt(settings: Settings, folder: Path, generation: str, arguments: list[str]) -> int:
    """dbt in a process of its own: its memory goes away with it. Returns its exit code."""
    for stale in ("run_results.json", "journal.txt"):
        (folder / stale).unlink(missing_ok=True)
    environment = {**os.environ, **dbt_environment(settings, folder, generation)}
    command = [sys.executable, "-c", "from dbt.cli.main import cli; cli()", *arguments]
    with (
        alone(f"pilotage.construire.{generation}.{folder.name}") as verrou,  # a cut-off worker's dbt may still be at it
        (folder / "journal.txt").open("wb") as journal,
        subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdin=subprocess.DEVNULL, stdout=journal, stderr=subprocess.STDOUT
        ) as child,
    ):
        try:
            return _wait(child, verrou, folder)
        except BaseException:
            child.kill()
            raise


def _wait(child: subprocess.Popen[bytes], verrou: Verrou, folder: Path) -> int:
    """The exit code of dbt.

    Raises:
        ErreurEntrepot: it does not end.
        ErreurVerrou: the server no longer hears us, or another attempt has begun: dbt must not go on.
    """
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            return child.wait(timeout=REGARD_S)
        except subprocess.TimeoutExpired:
            verrou.check()
            check_courante(verrou.connection)
    raise ErreurEntrepot(
        f"dbt ne finit pas en {TIMEOUT_S} s", source=folder.name, conseil=f"lire {folder / 'journal.txt'}"
    )


def dbt_environment(settings: Settings, folder: Path, generation: str) -> dict[str, str]:
    url = make_url(settings.database_url)
    authority = url.query.get("sslrootcert")
    return {
        **({"PGSSLROOTCERT": str(authority)} if authority else {}),
        **_parsed(folder),
        "DBT_HOST": url.host or "localhost",
        "DBT_PORT": str(url.port or 5432),
        "DBT_USER": url.username or "",
        "DBT_ENV_SECRET_PASSWORD": url.password or "",
        "DBT_DBNAME": url.database or "",
        "DBT_SSLMODE": str(url.query.get("sslmode", "prefer")),
        "DBT_PROJECT_DIR": str(PROJECT),
        "DBT_PROFILES_DIR": str(PROJECT),
        "DBT_TARGET_PATH": str(folder),
        "DBT_LOG_PATH": str(folder),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "PILOTAGE_GENERATION": generation,
        "PILOTAGE_JETON": json.dumps(vars(jeton)) if (jeton := COURANTE.get()) else "",
        "PGOPTIONS": f"{os.environ.get('PGOPTIONS', '')} {OPTIONS}".strip(),
        "PILOTAGE_EST_SIMULE": str(is_simulated()).lower(),
    }


def _parsed(folder: Path) -> dict[str, str]:
    """The project as `commun` parsed it for this generation: the other axes read again only what has changed since."""
    parsed = folder.parent / "commun" / "partial_parse.msgpack"
    return {"DBT_PARTIAL_PARSE_FILE_PATH": str(parsed)} if folder.name != "commun" and parsed.exists() else {}
