"""`pilotage executer | demarrer | arreter`: a night by hand, or Airflow kept up."""

from __future__ import annotations

import os
from typing import Annotated

import typer
from rich.console import Console

from pilotage.config import Settings, get_settings, remember_sources

Sources = Annotated[str | None, typer.Option(help="simulation, un dossier, une adresse http(s) ou internet.")]
Communes = Annotated[int | None, typer.Option(help="Communes du territoire simulé.")]

app = typer.Typer(help="La nuit : l'exécuter, garder Airflow en marche, l'arrêter.", no_args_is_help=True)


@app.command()
def executer(sources: Sources = None, communes: Communes = None) -> None:
    """Exécute une nuit entière par Airflow, la suit, en dit le bilan et arrête ce qu'elle a démarré."""
    from pilotage.orchestration.nuit import run_night

    settings = _settings(sources, communes)
    try:
        code = run_night(settings, Console())
    except KeyboardInterrupt:
        Console(stderr=True).print("Nuit interrompue ; la prochaine reprendra les livraisons déjà reçues.")
        raise typer.Exit(130) from None
    raise typer.Exit(code)


@app.command()
def demarrer(sources: Sources = None, communes: Communes = None) -> None:
    """Démarre PostgreSQL et Airflow et les garde en marche ; une nuit part chaque jour à trois heures."""
    from pilotage.orchestration.service import start_service

    start_service(_settings(sources, communes), Console())


@app.command()
def arreter() -> None:
    """Arrête Airflow et PostgreSQL, pour les données simulées comme pour les réelles."""
    from pilotage.orchestration.plateforme import stop_all

    settings = get_settings()
    both = [settings, *(settings.model_copy(update={"sources": sources}) for sources in ("simulation", "internet"))]
    stopped = [stop_all(one) for one in {one.home: one for one in both}.values()]
    Console().print("Arrêté." if any(stopped) else "Rien ne tournait.")


def _settings(sources: str | None, communes: int | None) -> Settings:
    """Options become environment variables, so that Airflow's processes see them too."""
    if sources:
        os.environ["PILOTAGE_SOURCES"] = sources
    if communes:
        os.environ["PILOTAGE_COMMUNES"] = str(communes)
    settings = get_settings()
    remember_sources(settings)
    return settings
