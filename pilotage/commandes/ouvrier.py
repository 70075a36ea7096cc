"""`pilotage ouvrier`, `pilotage rapatrier`: a machine that does tasks, a machine that serves what nights publish."""

from __future__ import annotations

import os
from typing import Annotated

import typer
from rich.console import Console


def ouvrier(nom: Annotated[str | None, typer.Option(help="Nom de cette machine pour Celery ; le sien sinon.")] = None):
    """Exécute ici les tâches des nuits (Celery), jusqu'à Ctrl-C. Réglages : docs/machines.md."""
    import socket

    from pilotage.config import get_settings
    from pilotage.orchestration.ouvriers import worker_command, worker_environment

    environment = worker_environment(get_settings())
    command = worker_command(nom or socket.gethostname())
    os.execvpe(command[0], command, environment)


def rapatrier() -> None:
    """Copie du magasin dans le dossier de travail ce que la dernière nuit a publié : exports, site, contrôles."""
    from pilotage.config import get_settings
    from pilotage.errors import ErreurConfiguration
    from pilotage.publication_partagee import bring_published

    settings = get_settings()
    if not settings.magasin:
        raise ErreurConfiguration("PILOTAGE_MAGASIN n'est pas donné", conseil="le donner : il n'y a rien à rapatrier")
    brought = bring_published(settings)
    lines = [f"{what} : {generation}" for what, generation in brought.items()] or ["rien de neuf"]
    Console().print("\n".join(lines), highlight=False)
