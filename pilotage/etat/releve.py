"""One reading of everything; the state file that remembers it; what a night leaves for monitoring at its end."""

from __future__ import annotations

import datetime as dt
import logging
import os
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError

from pilotage.budget import load_budget
from pilotage.config import EN_CHARGEUR, Settings, get_settings
from pilotage.errors import ErreurConfiguration
from pilotage.etat import machine
from pilotage.etat.entrepot import read_entrepot
from pilotage.etat.modele import ARRETEE, JAMAIS, MUETTE, REPOND, VIDE, Entrepot, Releve

log = logging.getLogger(__name__)
FINS = ("conclure", "exporter", "ecrire_site", "resumer")  # steps with which a night, or a branch of it, ends


def state_file(settings: Settings) -> Path:
    return settings.logs / "etat.json"


def metrics_file(settings: Settings) -> Path:
    """What node_exporter's textfile collector reads."""
    return settings.logs / "metriques.prom"


def take(settings: Settings | None = None, now: dt.datetime | None = None) -> Releve:
    """Read the state; never starts anything. A database that does not answer leaves what the state file remembers."""
    settings, now = settings or get_settings(), now or dt.datetime.now().astimezone()
    base, detail, entrepot = _ask_base(settings)
    remembered = entrepot or _remembered(settings)
    cron, following = machine.next_run(now)
    return Releve(
        quand=now,
        home=str(settings.home),
        simulation=settings.is_simulation,
        base=base,
        base_detail=detail,
        entrepot=remembered,
        airflow=machine.read_airflow(settings),
        disque=machine.read_disque(settings, remembered.octets if remembered else None, now),
        alertes=machine.read_alertes(settings, load_budget().par_semaine, now),
        cron=cron,
        prochaine=following,
    )


def remember(settings: Settings, releve: Releve) -> None:
    """Keep what the database told, for when it does not answer; a reading from memory is not kept again."""
    if releve.base == REPOND and releve.entrepot:
        _replace(state_file(settings), releve.entrepot.model_dump_json())


def note(settings: Settings | None = None) -> None:
    """At the end of a night: state file, one point of the disk's history, metrics for node_exporter.

    What goes wrong here is logged and never fails the night. The loader, which may read a part of the journal only,
    leaves it to the steps that come after.
    """
    from pilotage.etat.metriques import write_metrics

    if EN_CHARGEUR.get():
        return
    try:
        settings = settings or get_settings()
        releve = take(settings)
        remember(settings, releve)
        machine.note_disque(settings, releve.disque, releve.quand)
        write_metrics(metrics_file(settings), releve)
    except Exception as error:  # monitoring is no reason to lose a night
        log.warning("état de la nuit non noté : %s", error)


def _ask_base(settings: Settings) -> tuple[str, str | None, Entrepot | None]:
    from pilotage import postgres

    if not settings.database_url_env:
        if not (postgres.postgres_dir(settings) / "donnees" / "PG_VERSION").exists():
            return JAMAIS, None, None
        if not postgres.is_running(settings):
            return ARRETEE, None, None
    try:
        return REPOND, None, read_entrepot(settings)
    except ProgrammingError as error:
        return VIDE, _first_line(error.orig), None
    except SQLAlchemyError as error:
        return MUETTE, _first_line(getattr(error, "orig", None) or error), None
    except ErreurConfiguration as error:
        return MUETTE, str(error), None


def _remembered(settings: Settings) -> Entrepot | None:
    file = state_file(settings)
    if not file.exists():
        return None
    try:
        return Entrepot.model_validate_json(file.read_text(encoding="utf-8"))
    except ValidationError as error:
        log.warning("%s illisible, laissé de côté : %s", file, error)
        return None


def _first_line(error: object) -> str:
    return str(error).strip().split("\n", 1)[0]


def _replace(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)
