"""`pilotage quarantaine`: what was set aside at the door, why, and judging it again."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from pilotage.commandes.ecran import Console

app = typer.Typer(help="Les lignes mises de côté à l'entrée : lister, montrer, rejouer.", invoke_without_command=True)
console = Console(soft_wrap=True, highlight=False)
Nom = Annotated[str, typer.Argument(help="Nom de la source, par exemple arcep__debits.", metavar="SOURCE")]


@app.callback()
def lister(contexte: typer.Context) -> None:
    """Liste les lignes en quarantaine, par source, fichier et règle, avec les premiers cas."""
    if contexte.invoked_subcommand:
        return
    from pilotage.quarantaine import list_groups

    groups = list_groups()
    if not groups:
        console.print("Aucune ligne en quarantaine.")
        return
    for group in groups:
        console.print(f"[bold]{group.source}[/] {escape(f'{group.millesime}/{group.fichier}')}")
        console.print(f"  {escape(group.regle)} : {group.nombre} ligne{'s' if group.nombre > 1 else ''}")
        for rank, physical, reason in group.premieres:
            console.print(f"    ligne {physical or rank} : {escape(reason)}", style="dim")
    total = sum(group.nombre for group in groups)
    console.print(f"{total} en tout ; `pilotage quarantaine montrer <source>` les détaille.")


@app.command()
def montrer(source: Nom, limite: Annotated[int, typer.Option(min=1, help="Lignes au plus.")] = 20) -> None:
    """Montre les lignes d'une source : fichier, ligne, règle, raison, contenu (données personnelles masquées)."""
    from pilotage.quarantaine import read_rows

    rows = read_rows(source, limite)
    if not rows:
        console.print(f"{source} : aucune ligne en quarantaine.")
    for row in rows:
        place = f"{row['millesime']}/{row['fichier']}, ligne {row['ligne_physique'] or row['ligne']}"
        filled = ", ".join(f"{name} = « {value} »" for name, value in row["contenu"].items() if value is not None)
        console.print(f"[bold]{escape(place)}[/] ({escape(row['regle'])}) : {escape(row['raison'])}")
        console.print(f"  {escape(filled)}", style="dim")


@app.command()
def rejouer(source: Nom) -> None:
    """Juge à nouveau les lignes d'une source, règles présentes ; celles qui passent rejoignent leur livraison."""
    from pilotage.catalogue import get_source
    from pilotage.gate import replay_source

    report = replay_source(get_source(source).source)
    if not report.messages:
        console.print(f"{source} : rien à rejouer.")
    for message in report.messages:
        console.print(escape(message))
    if report.acceptees:
        console.print("La prochaine construction de l'entrepôt les prendra en compte.")
