"""The command line: `python -m pilotage`."""

from __future__ import annotations

from typing import Annotated

import typer

from pilotage.commandes import (
    alertes,
    apports,
    depot,
    erreurs,
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
    personnes,
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
    "personnes": personnes,
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
READERS |= {"roles", "personnes", "recommander", "comparer", "fermer", "lecteur", "site", "federer", "resumer"}


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
    """Run the command line; an error is one sentence, never a traceback."""
    erreurs.run(app)


if __name__ == "__main__":
    main()
