"""What the machine tells: disk and its growth, Airflow's health, the next night, the journal of alerts."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import ssl
import statistics
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
from croniter import croniter

from pilotage.config import Settings
from pilotage.errors import ErreurConfiguration
from pilotage.etat.modele import Airflow, Alertes, Disque
from pilotage.magasin import get_magasin
from pilotage.orchestration import plateforme
from pilotage.orchestration.environnement import airflow_home

PARIS = ZoneInfo("Europe/Paris")
CRON = "0 3 * * *"
JOURS_CONNUS, RECUL_JOURS, POINTS = 2, 30, 3  # growth is told from three points, over two days, of the last thirty
ENTRE_POINTS = dt.timedelta(hours=1)
SEMAINE = dt.timedelta(days=7)


def read_disque(settings: Settings, base_octets: int | None, now: dt.datetime) -> Disque:
    """Bytes on disk by part of the home; the database's own figure when it answers, else that of its folder."""
    from pilotage.postgres import postgres_dir

    folders = {
        "depot": settings.landing,
        "exports": settings.exports,
        "publication": settings.publication,
        "journaux": settings.logs,
    }
    parts = {name: _bytes(folder) for name, folder in folders.items()}
    cluster = postgres_dir(settings)
    on_disk = 0 if settings.database_url_env else _bytes(cluster)
    parts["base"] = on_disk or base_octets or 0
    inside = sum(parts.values()) - (0 if settings.home in cluster.parents and on_disk else parts["base"])
    parts["autres"] = max(0, _bytes(settings.home) - inside)
    usage = shutil.disk_usage(next(p for p in (settings.home, *settings.home.parents) if p.exists()))
    days = days_left(_history(settings), usage.free, now)
    return Disque(parties=parts, libre=usage.free, total=usage.used + usage.free, jours_restants=days)


def note_disque(settings: Settings, disque: Disque, now: dt.datetime) -> None:
    """Add a point to the history from which growth is told, one an hour at most."""
    known = _history(settings)
    if known and now - known[-1][0] < ENTRE_POINTS:
        return
    point = {"quand": now.isoformat(timespec="seconds"), "parties": disque.parties, "libre": disque.libre}
    settings.logs.mkdir(parents=True, exist_ok=True)
    with _history_file(settings).open("a", encoding="utf-8") as journal:
        journal.write(json.dumps(point) + "\n")


def days_left(history: list[tuple[dt.datetime, int]], free: int, now: dt.datetime) -> float | None:
    """Days until `free` bytes are used at the pace of the home's recent growth (least squares).

    Returns:
        None when too little is known, or when the home does not grow.
    """
    recent = [(moment, size) for moment, size in history if now - moment <= dt.timedelta(days=RECUL_JOURS)]
    if len(recent) < POINTS or recent[-1][0] - recent[0][0] < dt.timedelta(days=JOURS_CONNUS):
        return None
    days = [(moment - recent[0][0]).total_seconds() / 86400 for moment, _ in recent]
    slope = statistics.linear_regression(days, [size for _, size in recent]).slope
    return round(free / slope, 1) if slope >= 1 else None


def read_airflow(settings: Settings) -> Airflow:
    """Ask the API server that this home, or these containers, name; nothing is started, no account is needed."""
    state = airflow_home(settings) / "etat.json"
    if state.exists():
        address = f"http://{settings.adresse_api}:{json.loads(state.read_text())['port']}"
    else:
        address = os.environ.get("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", "").rstrip("/").removesuffix("/execution")
    if not address:
        return Airflow(etat="arrêté")
    try:
        answer = httpx.get(f"{address}/api/v2/monitor/health", timeout=3, trust_env=False, verify=_authority(address))
        answer.raise_for_status()
        health = answer.json()
    except (httpx.HTTPError, ValueError, OSError):
        return Airflow(etat="muet", adresse=address)
    parts = {name: part["status"] for name, part in health.items() if part.get("status")} | _watcher(settings)
    return Airflow(etat="répond", adresse=address, composants=parts)


def _watcher(settings: Settings) -> dict[str, str]:
    """Health of the watcher of `make up`; nothing where Airflow runs otherwise."""
    if not plateforme.read_state(settings).get("nightly"):
        return {}
    return {"garde": "healthy" if plateforme.is_watched(settings) else "arrêtée"}


def _authority(address: str) -> ssl.SSLContext | bool:
    """Whom to believe: containers have an authority of their own, which Airflow's tasks check by the same variable."""
    own = os.environ.get("AIRFLOW__API__SSL_CERT") if address.startswith("https://") else None
    return ssl.create_default_context(cafile=own) if own else True


def next_run(now: dt.datetime) -> tuple[str, dt.datetime | None]:
    """PILOTAGE_CRON and the next night by it, Paris time; None when nights are by hand only.

    Raises:
        ErreurConfiguration: the variable is not a cron expression.
    """
    cron = os.environ.get("PILOTAGE_CRON", CRON).strip()
    if not cron:
        return cron, None
    if not croniter.is_valid(cron):
        raise ErreurConfiguration(f"PILOTAGE_CRON vaut « {cron} »", attendu=f"cinq champs de cron, comme « {CRON} »")
    return cron, croniter(cron, now.astimezone(PARIS)).get_next(dt.datetime)


def read_alertes(settings: Settings, budget: int, now: dt.datetime) -> Alertes:
    """Counts over the journal of alerts; an alert that is muted, or an information, is in none but the total."""
    lines = list_alertes(settings)
    read = _read_until(settings)
    counted = [line for line in lines if not line.get("muette") and line.get("severite") != "information"]
    unread = [line for line in counted if read is None or line["quand"] > read]
    return Alertes(
        semaine=sum(now - line["quand"] <= SEMAINE for line in counted),
        budget=budget,
        non_lues=len(unread),
        critiques_non_lues=sum(line.get("severite") == "critique" for line in unread),
        par_severite=dict(sorted(Counter(line.get("severite", "inconnue") for line in lines).items())),
    )


def list_alertes(settings: Settings, *, non_lues: bool = False) -> list[dict]:
    """Alerts of the journal, oldest first, `quand` as a date; a line cut by a full disk is left out."""
    found = []
    read = _read_until(settings) if non_lues else None
    for text in get_magasin(settings).lines("journaux/alertes.jsonl"):
        try:
            line = json.loads(text)
            line["quand"] = dt.datetime.fromisoformat(line["quand"])
        except (ValueError, KeyError, TypeError):
            continue
        if read is None or line["quand"] > read:
            found.append(line)
    return found


def mark_read(settings: Settings, now: dt.datetime) -> None:
    settings.logs.mkdir(parents=True, exist_ok=True)
    (settings.logs / "alertes_lues").write_text(now.isoformat() + "\n")


def _read_until(settings: Settings) -> dt.datetime | None:
    mark = settings.logs / "alertes_lues"
    return dt.datetime.fromisoformat(mark.read_text().strip()) if mark.exists() else None


def _history_file(settings: Settings) -> Path:
    return settings.logs / "disque.jsonl"


def _history(settings: Settings) -> list[tuple[dt.datetime, int]]:
    """Points told so far, oldest first; a line cut by a full disk is left out."""
    file, found = _history_file(settings), []
    for line in file.read_text(errors="replace").splitlines() if file.exists() else []:
        try:
            point = json.loads(line)
            found.append((dt.datetime.fromisoformat(point["quand"]), sum(point["parties"].values())))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return found


def _bytes(folder: Path) -> int:
    """Bytes that a folder takes on disk; what may not be read, or vanishes meanwhile, counts for nothing."""
    total, pending = 0, [str(folder)]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
        except OSError:
            continue
    return total
