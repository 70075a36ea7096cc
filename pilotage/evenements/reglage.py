"""Where events go, and the names that stay the same from night to night and from machine to machine.

`PILOTAGE_OPENLINEAGE`: `dossier` (`<home>/journaux/openlineage/<day>.jsonl`), the https address of a server, or
nothing: off. `PILOTAGE_OPENLINEAGE_CLE` is that server's key. `PILOTAGE_OPENLINEAGE_ESPACE` names the jobs' namespace.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import make_url

from pilotage.config import Settings
from pilotage.errors import ErreurConfiguration

DOSSIER = "dossier"
EMBARQUE = "postgres://embarque:5432"  # the embedded server's port may change; its name may not
SANS_CODE = [{"scope": {}, "controls": {"include_source_code": False}}]  # the same text at each task of each night
LOCAUX = ("127.0.0.1", "localhost", "::1")


def destination() -> str | None:
    """`dossier`, an address, or None when events are off.

    Raises:
        ErreurConfiguration: neither; or an address without TLS beyond this machine.
    """
    value = os.environ.get("PILOTAGE_OPENLINEAGE", "").strip()
    if not value or value == DOSSIER:
        return value or None
    parts = urlsplit(value)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOCAUX):
        return value.rstrip("/")
    raise ErreurConfiguration(
        f"PILOTAGE_OPENLINEAGE vaut « {value} »",
        attendu="`dossier`, ou l'adresse https d'un serveur (http pour cette machine seulement)",
        conseil="voir docs/etat.md",
    )


def namespace() -> str:
    """Namespace of all jobs."""
    return os.environ.get("PILOTAGE_OPENLINEAGE_ESPACE", "").strip() or "pilotage"


def folder(settings: Settings) -> Path:
    return settings.logs / "openlineage"


def transport(settings: Settings) -> dict[str, Any] | None:
    """Configuration of openlineage-python's transport; None when events are off."""
    target = destination()
    if target is None:
        return None
    if target == DOSSIER:
        return {"type": "pilotage.evenements.transport.TransportDossier", "dossier": str(folder(settings))}
    config: dict[str, Any] = {"type": "http", "url": target, "timeout": 5, "retry": {"total": 1}}
    if key := os.environ.get("PILOTAGE_OPENLINEAGE_CLE"):
        config["auth"] = {"type": "api_key", "apiKey": key}
    return config


def airflow_variables(settings: Settings) -> dict[str, str]:
    """Airflow's own variables; off, its provider is switched off too, so that a task pays nothing for it."""
    config = transport(settings)
    if config is None:
        return {"AIRFLOW__OPENLINEAGE__DISABLED": "True"}
    return {
        "AIRFLOW__OPENLINEAGE__DISABLED": "False",
        "AIRFLOW__OPENLINEAGE__NAMESPACE": namespace(),
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(config),
        "AIRFLOW__OPENLINEAGE__EMISSION_POLICY": json.dumps(SANS_CODE),
        "AIRFLOW__OPENLINEAGE__EXECUTE_IN_THREAD": "True",  # a fork for each event costs more than the event
    }


def database(settings: Settings) -> tuple[str, str]:
    """Namespace of the warehouse's tables, and the name of its database."""
    url = make_url(settings.database_url)
    if not settings.database_url_env:
        return EMBARQUE, url.database or ""
    return f"postgres://{url.host or 'localhost'}:{url.port or 5432}", url.database or ""
