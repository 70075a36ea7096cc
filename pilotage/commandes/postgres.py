"""`pilotage postgres`: the embedded server by hand."""

from __future__ import annotations

import typer
from rich import print as say

from pilotage import postgres
from pilotage.config import get_settings
from pilotage.errors import ErreurConfiguration

app = typer.Typer(help="Le PostgreSQL embarqué : démarrer, arrêter, état.", no_args_is_help=True)


@app.command()
def demarrer() -> None:
    """Démarre le serveur et met à jour le journal de l'entrepôt."""
    from pilotage.database import migrate

    started = postgres.start()
    migrate()
    say("PostgreSQL démarré." if started else "PostgreSQL tournait déjà.")


@app.command()
def arreter() -> None:
    """Arrête le serveur, sauf sous la garde de `make up`."""
    from pilotage.orchestration import plateforme

    if plateforme.is_watched(get_settings()):
        raise ErreurConfiguration("la garde de `make up` relancerait PostgreSQL aussitôt", conseil="`make down`")
    say("PostgreSQL arrêté." if postgres.stop() else "PostgreSQL ne tournait pas.")


@app.command()
def etat() -> None:
    """Dit si le serveur tourne, et où."""
    settings = get_settings()
    folder = postgres.postgres_dir(settings)
    say(f"{'En marche' if postgres.is_running(settings) else 'Arrêté'}, dossier {folder}")
