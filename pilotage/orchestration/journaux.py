"""Task logs in the store: put there at the end of each attempt, read from there by Airflow's page on another machine.

Airflow reads this module by `[logging] logging_config_class`; its own remote logging wants a cloud's provider.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from airflow.config_templates.airflow_local_settings import DEFAULT_LOGGING_CONFIG

from pilotage.config import get_settings
from pilotage.errors import ErreurPilotage
from pilotage.magasin import get_magasin

LOGGING_CONFIG = DEFAULT_LOGGING_CONFIG
log = logging.getLogger(__name__)


class JournauxMagasin:
    """Airflow's `RemoteLogIO` over the store of the settings."""

    processors = ()

    def upload(self, path: Any, ti: Any = None) -> None:
        """Put the log of an attempt in the store; a store that does not answer costs the copy, never the task."""
        settings = get_settings()
        file = settings.logs / "taches" / Path(path)
        try:
            if file.is_file():
                get_magasin(settings).push(file)
        except ErreurPilotage as error:
            log.warning("journal de tâche gardé sur cette machine seulement : %s", error)

    def read(self, relative_path: str, ti: Any) -> tuple[list[str], list[str] | None]:
        """Where the log was found, and its text."""
        magasin = get_magasin()
        name = f"journaux/taches/{relative_path}"
        try:
            text = magasin.read(name) if magasin.partage else None
        except ErreurPilotage as error:
            return [str(error)], None
        return ([f"magasin : {name}"], [text]) if text else ([], None)


REMOTE_TASK_LOG = JournauxMagasin()
