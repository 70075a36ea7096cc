#!/usr/bin/env python3
"""Entry of the image: Docker secrets become the variables that Pilotage and Airflow read, then the command starts.

Only the secrets given to a service are there, so each component knows no more than it needs.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

SECRETS = Path(os.environ.get("PILOTAGE_SECRETS_DOSSIER", "/run/secrets"))
AUTORITES = Path("/etc/ssl/certs/ca-certificates.crt")
SIMPLE = {
    "airflow_fernet": "AIRFLOW__CORE__FERNET_KEY",
    "airflow_jwt": "AIRFLOW__API_AUTH__JWT_SECRET",
    "airflow_session": "AIRFLOW__API__SECRET_KEY",
    "alerte_webhook": "PILOTAGE_ALERTE_WEBHOOK",
    "smtp_url": "PILOTAGE_SMTP_URL",
    "oppositions_cle": "PILOTAGE_OPPOSITIONS_CLE",
    "magasin_identifiant": "AWS_ACCESS_KEY_ID",
    "magasin_cle": "AWS_SECRET_ACCESS_KEY",
    "flower_compte": "AIRFLOW__CELERY__FLOWER_BASIC_AUTH",
    "superset_cle": "SUPERSET_SECRET_KEY",
    "superset_administrateur": "PILOTAGE_BI_MOT_DE_PASSE",
}


def environment_of(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment, completed from the secrets of `folder`.

    Args:
        folder: one file a secret.
        environment: `PILOTAGE_PG_HOTE` and `PILOTAGE_PG_PORT` say where PostgreSQL is; a variable already set, such
            as the DATABASE_URL of a server of yours, is never replaced. `PILOTAGE_REDIS_HOTE` and `PILOTAGE_REDIS_PORT`
            likewise. `PILOTAGE_PG_SSLMODE` says how far PostgreSQL is checked (`verify-full`). `PILOTAGE_STATSD`
            (`host:port`) is where Airflow's counters go.
    """
    place = f"{environment.get('PILOTAGE_PG_HOTE', 'postgres')}:{environment.get('PILOTAGE_PG_PORT', '5432')}"
    found: dict[str, str] = {}
    for name, variable in SIMPLE.items():
        if value := _read(folder / name):
            found[variable] = value
    mode = environment.get("PILOTAGE_PG_SSLMODE") or "verify-full"
    authority = folder / "postgres_ca"
    if authority.exists() or AUTORITES.exists():
        found["PGSSLROOTCERT"] = str(authority if authority.exists() else AUTORITES)
    for role, variable in (("pilotage", "DATABASE_URL"), ("chargeur", "PILOTAGE_CHARGEUR_URL")):
        if password := _read(folder / f"{role}_mot_de_passe"):
            found[variable] = f"postgresql://{role}:{quote(password, safe='')}@{place}/pilotage?sslmode={mode}"
    if password := _read(folder / "airflow_mot_de_passe"):
        account = f"airflow:{quote(password, safe='')}@{place}/airflow"
        found["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"postgresql+psycopg2://{account}?sslmode={mode}"
        found["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"] = f"postgresql+asyncpg://{account}?ssl={mode}"
    found |= _several_machines(folder, environment, place, mode) | _counters(environment)
    return {**found, **{name: value for name, value in environment.items() if value or name not in found}}


def _several_machines(folder: Path, environment: Mapping[str, str], place: str, mode: str) -> dict[str, str]:
    """What only docker/machines.yaml gives: Celery's queue and results, Superset's tables, the reader's address."""
    redis = f"{environment.get('PILOTAGE_REDIS_HOTE', 'redis')}:{environment.get('PILOTAGE_REDIS_PORT', '6379')}"
    found: dict[str, str] = {}
    if password := _read(folder / "redis_mot_de_passe"):
        found["AIRFLOW__CELERY__BROKER_URL"] = f"rediss://pilotage:{quote(password, safe='')}@{redis}/0"
        if password := _read(folder / "airflow_mot_de_passe"):
            account = f"airflow:{quote(password, safe='')}@{place}/airflow"
            found["AIRFLOW__CELERY__RESULT_BACKEND"] = f"db+postgresql+psycopg2://{account}?sslmode={mode}"
    if password := _read(folder / "redis_bi_mot_de_passe"):
        found["PILOTAGE_BI_CACHE"] = f"rediss://superset:{quote(password, safe='')}@{redis}/1"
    if password := _read(folder / "superset_mot_de_passe"):
        account = f"superset:{quote(password, safe='')}@{place}/superset"
        found["PILOTAGE_BI_METADONNEES"] = f"postgresql+psycopg2://{account}?sslmode={mode}"
    if (address := _read(folder / "lecteur_adresse")) and not (folder / "pilotage_mot_de_passe").exists():
        found |= {"DATABASE_URL": address, "PILOTAGE_LECTEUR_URL": address}
        found["PILOTAGE_BI_ENTREPOT"] = address.replace("postgresql:", "postgresql+psycopg2:", 1)
    return found


def _counters(environment: Mapping[str, str]) -> dict[str, str]:
    """What sends Airflow's counters to a StatsD relay, when one is named."""
    host, _, port = environment.get("PILOTAGE_STATSD", "").rpartition(":")
    if not host:
        return {}
    return {
        "AIRFLOW__METRICS__STATSD_ON": "True",
        "AIRFLOW__METRICS__STATSD_HOST": host,
        "AIRFLOW__METRICS__STATSD_PORT": port,
        "AIRFLOW__METRICS__STATSD_PREFIX": "airflow",
    }


def copy_users(folder: Path, home: Path) -> dict[str, str]:
    """Copy Airflow's accounts where it may open them for writing, which it does; the copy is its owner's alone."""
    source = folder / "airflow_utilisateurs"
    if not source.exists():
        return {}
    target = home / "utilisateurs.json"
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
    shutil.copyfile(source, target)
    return {"AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(target)}


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8").strip() if path.exists() else None


if __name__ == "__main__":
    full = environment_of(SECRETS, os.environ)
    if "AIRFLOW_HOME" in full:
        full |= copy_users(SECRETS, Path(full["AIRFLOW_HOME"]))
    os.execvpe(sys.argv[1], sys.argv[1:], full)
