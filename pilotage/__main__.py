"""The command line: `python -m pilotage`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from pilotage.commandes import (
    alertes,
    apports,
    depot,
    etapes,
    etat,
    exporter,
    federer,
    generations,
    immeubles,
    lecteur,
    lieux,
    nuit,
    ouvrier,
    postgres,
    publier,
    quarantaine,
    ranger,
    recommander,
    resumer,
    roles,
    sauvegarder,
    scenarios,
    site,
    sources,
    territoires,
)
from pilotage.errors import ErreurPilotage

app = typer.Typer(
    name="pilotage",
    help="Pilotage : l'entrepôt qui permet à un territoire de piloter sa feuille de route numérique.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
GROUPS = {
    "etat": etat,
    "alertes": alertes,
    "sources": sources,
    "apports": apports,
    "depot": depot,
    "sauvegarder": sauvegarder,
    "quarantaine": quarantaine,
    "generations": generations,
    "exporter": exporter,
    "lieux": lieux,
    "postgres": postgres,
    "roles": roles,
    "territoires": territoires,
    "immeubles": immeubles,
}
for nom, module in GROUPS.items():
    app.add_typer(module.app, name=nom)
for command in (
    nuit.executer,
    nuit.demarrer,
    nuit.arreter,
    etapes.charger,
    etapes.construire,
    etapes.pages,
    recommander.recommander,
    scenarios.comparer,
    scenarios.fermer,
    lecteur.lecteur,
    site.site,
    federer.federer,
    resumer.resumer,
    publier.publier,
    sauvegarder.restaurer,
    ranger.ranger,
    ouvrier.ouvrier,
    ouvrier.rapatrier,
):
    app.command()(command)
READERS = {"sources", "quarantaine", "generations", "exporter", "lieux", "territoires"}
READERS |= {"sauvegarder", "depot", "ranger"}
READERS |= {"roles", "recommander", "comparer", "fermer", "lecteur", "site", "federer", "resumer"}


def _say_version(wanted: bool) -> None:
    if wanted:
        from pilotage import __version__

        typer.echo(f"Pilotage {__version__}")
        raise typer.Exit()


@app.callback()
def prepare(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Dire la version, et rien d'autre.")
    ] = False,
) -> None:
    """Have the embedded server answer for commands that only read; it is stopped again if it was."""
    if context.invoked_subcommand not in READERS:
        return
    from pilotage.postgres import lend

    context.with_resource(lend())


def main() -> None:
    """Run the command line; a known error is one sentence, never a traceback."""
    from sqlalchemy.exc import OperationalError, ProgrammingError

    try:
        app()
    except ErreurPilotage as error:
        _tell(str(error))
    except OperationalError as error:
        _tell(f"la base de données ne répond pas : {error.orig} ; que faire : vérifier DATABASE_URL, ou `make run`")
    except ProgrammingError as error:
        _tell(f"l'entrepôt n'a pas ce qu'il faut : {error.orig} ; que faire : `make run` le construit")


def _tell(message: str) -> None:
    from rich.console import Console
    from rich.markup import escape

    from pilotage.discretion import hide

    Console(stderr=True, soft_wrap=True).print(f"[bold red]Erreur[/] {escape(hide(message))}", highlight=False)
    sys.exit(1)


if __name__ == "__main__":
    main()
