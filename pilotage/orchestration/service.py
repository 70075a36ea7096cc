"""Airflow kept up between nights (`make up`)."""

from __future__ import annotations

from rich.console import Console

from pilotage.config import Settings
from pilotage.orchestration import garde, plateforme
from pilotage.orchestration.environnement import ADMIN, passwords_file
from pilotage.orchestration.nuit import announce, write_inputs
from pilotage.orchestration.plan import DAGS, POOLS


def start_service(settings: Settings, console: Console) -> None:
    """Start PostgreSQL and Airflow, wake the four DAGs, say where to look, and leave everything running and watched."""
    announce(settings, console)
    write_inputs(settings, console)
    platform = plateforme.start(settings, nightly=True)
    try:
        platform.wait_ready()
        for name, (slots, description) in POOLS.items():
            platform.api.ensure_pool(name, slots, description)
        for dag in DAGS:
            platform.api.set_paused(dag, False)
        garde.start(settings)
    except BaseException:
        plateforme.stop(platform)
        raise
    console.print(
        f"Airflow : {platform.api.url}\n"
        f"Utilisateur : {ADMIN}, mot de passe dans {passwords_file(settings)}\n"
        f"Entrepôt : `python -m pilotage postgres etat` ; journaux : {settings.logs}\n"
        "Une nuit maintenant : make run ; arrêter : make down",
        highlight=False,
        markup=False,
    )
