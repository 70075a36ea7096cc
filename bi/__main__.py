"""`python -m bi`: import the dashboards into Superset, serve them, photograph them."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from pilotage.errors import ErreurPilotage

if TYPE_CHECKING:
    from bi.serveur import Superset

app = typer.Typer(
    help="Les tableaux de bord de Pilotage dans Apache Superset, écrits comme du code.",
    no_args_is_help=True,
    add_completion=False,
)
console = Console(soft_wrap=True, highlight=False)


@contextmanager
def _superset() -> Iterator[Superset]:
    """Superset of the last run's warehouse, whose embedded server is started for as long as it is needed."""
    from bi.serveur import Superset
    from pilotage import postgres
    from pilotage.config import get_settings

    settings = get_settings()
    with postgres.lend(settings):
        yield Superset.of(settings)


@app.command()
def importer() -> None:
    """Importe les tableaux de bord dans Superset (ses tables, son utilisateur et sa clé sont faits au besoin)."""
    with _superset() as superset:
        bundle = superset.import_dashboards()
    console.print(f"Tableaux de bord importés depuis {bundle}")
    console.print(f"Utilisateur : pilotage ; mot de passe : voir {superset.folder / 'mot_de_passe'}")


@app.command()
def servir(port: Annotated[int | None, typer.Option(help="Un port libre par défaut.")] = None) -> None:
    """Lance Superset sur cette machine seulement (127.0.0.1), jusqu'à Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stopped by `kill`, it stops Superset too
    with _superset() as superset, superset.running(port) as address:
        console.print(f"Tableaux de bord : {address}/dashboard/list/ (Ctrl-C pour arrêter)")
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            console.print("Arrêt de Superset.")


@app.command()
def photographier(
    dossier: Annotated[Path, typer.Argument(help="Dossier des images.")],
    tableau: Annotated[list[str] | None, typer.Option(help="Un tableau, plusieurs fois possible ; tous sinon.")] = None,
    filtre: Annotated[list[str] | None, typer.Option(help="Un choix, comme region=Bretagne.")] = None,
) -> None:
    """Ouvre chaque tableau dans Chromium, l'enregistre en image ; échoue si un graphique ou la console a une erreur."""
    from bi.photographie import photograph

    choices = dict(choice.partition("=")[::2] for choice in filtre or [])
    with _superset() as superset, superset.running() as address:
        chosen = [t for t in superset.declaration.tableaux if not tableau or t.code in tableau]
        reports = photograph(address, superset.password, chosen, dossier, choices)
    for report in reports:
        console.print(f"{report.tableau} : {report.nb_graphiques} graphiques, {report.image}")
        for title in report.vides:
            console.print(f"  [yellow]sans donnée :[/] {title}")
        for problem in [*report.erreurs, *(f"appel extérieur : {url}" for url in report.appels_exterieurs)]:
            console.print(f"  [red]{problem}[/]")
    if any(report.erreurs or report.appels_exterieurs for report in reports):
        raise typer.Exit(1)


@app.command()
def paquet(fichier: Annotated[Path, typer.Argument(help="Archive zip à écrire.")]) -> None:
    """Écrit seulement le paquet que Superset importe, pour un Superset tenu par d'autres."""
    with _superset() as superset:
        fichier.write_bytes(superset.build_bundle())
    console.print(f"Paquet écrit : {fichier}")


def main() -> None:
    """Run a command; an error that a user may meet is one line, not a trace."""
    try:
        app()
    except ErreurPilotage as error:
        Console(stderr=True, soft_wrap=True, highlight=False).print(f"[red]{error}[/]")
        sys.exit(1)


if __name__ == "__main__":
    main()
