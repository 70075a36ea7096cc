"""Steps by hand, without Airflow: `pilotage charger`, `pilotage construire`, `pilotage pages`."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from pilotage.commandes.ecran import Console

console = Console(soft_wrap=True)


def charger(source: Annotated[list[str] | None, typer.Argument(help="Seulement ces sources.")] = None) -> None:
    """Récupère, charge et contrôle les sources, sans Airflow."""
    from pilotage.chaine import ingest
    from pilotage.errors import ErreurPilotage

    _prepare()
    done = ingest(_night(), source or None)
    console.print(f"{len(done.acceptees)} livraisons acceptées, {len(done.inchangees)} sources inchangées.")
    if done.erreurs:
        raise ErreurPilotage(" | ".join(done.erreurs.values()))


def construire() -> None:
    """Construit une génération, la contrôle, recommande, la rend visible et l'exporte, sans Airflow."""
    from pilotage.chaine import build
    from pilotage.etat.releve import note

    _prepare()
    try:
        console.print(f"Génération visible : [bold]{build(_night())}[/]")
    finally:
        note()


def pages(verifier: Annotated[bool, typer.Option(help="Dire seulement si l'une est périmée.")] = False) -> None:
    """Écrit les fichiers dérivés des fiches : sources de dbt, page des sources, traçabilité."""
    from pilotage import pages as derived

    if verifier:
        derived.check()
        return
    for path in derived.write():
        console.print(f"écrit : {path.name}")


def _prepare() -> None:
    from pilotage import postgres
    from pilotage.config import get_settings, remember_sources
    from pilotage.database import migrate

    settings = get_settings()
    if not settings.database_url_env:
        postgres.start(settings)
    migrate(settings)
    if settings.sources == "simulation":
        from pilotage.simulation import write_simulation

        write_simulation(settings.simulation_dir, settings.communes, settings.graine)
    remember_sources(settings)


def _night() -> str:
    return f"main_{dt.datetime.now():%Y%m%dT%H%M%S}"
