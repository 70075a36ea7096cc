"""`pilotage depot`: read the landing again, mend it from a backup, and bring a lost database back from it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

console = Console(soft_wrap=True, highlight=False)
app = typer.Typer(help="Le dépôt des livraisons : le relire, le réparer, en retirer l'entrepôt.", no_args_is_help=True)


@app.command()
def verifier(
    depuis: Annotated[Path | None, typer.Option(help="Sauvegarde d'où remettre ce qui est abîmé ou absent.")] = None,
    amont: Annotated[bool, typer.Option("--amont", help="Demander aux producteurs ce qu'ils offrent encore.")] = False,
) -> None:
    """Relit chaque fichier du dépôt, nomme les abîmés et les absents, les répare depuis une sauvegarde."""
    from pilotage.config import get_settings
    from pilotage.sauvegarde.controle import check_home

    report = check_home(get_settings(), depuis, amont=amont)
    console.print(f"{report.lus} fichiers relus, {report.bons} entiers.")
    if report.base:
        console.print(f"[yellow]Journal illisible ({report.base}) : seuls les reçus du dépôt ont été suivis.[/]")
    for place in report.reparees:
        console.print(f"[green]réparé[/] {place}")
    for place in report.abimees:
        console.print(f"[red]abîmé[/] {place}")
    for place in report.absentes:
        console.print(f"[red]absent[/] {place}")
    for place in report.offertes:
        console.print(f"  {place} : encore offert, la prochaine collecte le reprendra")
    for place in report.perdues:
        console.print(f"  [bold]{place} : plus offert par le producteur ; seule une sauvegarde peut le rendre[/]")
    for source, why in report.muettes.items():
        console.print(f"  [yellow]{source} : le producteur n'a pas pu être interrogé ({why})[/]")
    if report.abimees or report.absentes:
        if not depuis:
            console.print("Que faire : `pilotage depot verifier --depuis <dossier des sauvegardes>`.")
        raise typer.Exit(1)


@app.command()
def reprendre(
    construire: Annotated[bool, typer.Option(help="Construire et publier aussitôt.")] = True,
) -> None:
    """Reconstruit tout depuis le seul dépôt : journal, tables brutes, contrôles, génération, exports, site."""
    from pilotage import postgres
    from pilotage.config import get_settings, remember_sources
    from pilotage.sauvegarde.reprise import rebuild

    settings = get_settings()
    if not settings.database_url_env:
        postgres.start(settings)
    report = rebuild(settings, construire=construire)
    remember_sources(settings)
    for phase, seconds in report.secondes.items():
        console.print(f"{phase} : {seconds:.1f} s")
    for source, error in report.erreurs.items():
        console.print(f"[red]{source}[/] : {error}")
    console.print(f"{report.reindexees} livraisons retrouvées, {report.acceptees} acceptées.")
    if report.generation:
        console.print(f"Génération visible : [bold]{report.generation}[/]")
