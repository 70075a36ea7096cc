"""`pilotage territoires`: the history of a code, the codes of a name."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer
from rich.table import Table

from pilotage.commandes.ecran import Console

app = typer.Typer(help="Les territoires : suivre un code de commune dans le temps, chercher un nom.")
console = Console(soft_wrap=True, highlight=False)


@app.command()
def suivre(
    code: Annotated[str, typer.Argument(help="Code Insee d'une commune, d'aujourd'hui ou d'hier.")],
    date: Annotated[
        dt.datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="Jour où le code a été écrit.")
    ] = None,
) -> None:
    """Raconte l'histoire d'un code de commune, et dit où est aujourd'hui ce qu'il désignait."""
    from pilotage.database import get_engine
    from pilotage.territoires import follow

    with get_engine().connect() as connection:
        suivi = follow(connection, code, date.date() if date else None)
    _warn_of_simulation()
    console.print(f"[bold]{suivi.present}[/].")
    for sentence in suivi.evenements:
        console.print(f"- {sentence}")
    if not suivi.evenements:
        console.print("Aucun évènement depuis 1943.")
    if suivi.arrivee:
        console.print(suivi.arrivee)


@app.command()
def chercher(nom: Annotated[str, typer.Argument(help="Nom, ou partie d'un nom, avec ou sans accents.")]) -> None:
    """Donne les codes des territoires et des anciennes communes qui portent un nom."""
    from pilotage.database import get_engine
    from pilotage.territoires import search

    with get_engine().connect() as connection:
        found = search(connection, nom)
    if not found:
        console.print(f"Aucun territoire ne porte un nom proche de « {nom} ».")
        raise typer.Exit(1)
    _warn_of_simulation()
    table = Table()
    for column in ("Échelon", "Code", "Nom", "Habitants"):
        table.add_column(column, justify="right" if column == "Habitants" else "left")
    for niveau, code, name, population in found:
        inhabitants = f"{population:,}".replace(",", " ") if population is not None else "—"
        table.add_row(niveau.replace("bassin_vie", "bassin de vie"), code, name, inhabitants)
    console.print(table)


def _warn_of_simulation() -> None:
    from pilotage.nature import is_simulated

    if is_simulated():
        console.print("[bold white on red] DONNÉES SIMULÉES [/] territoire fictif, à ne pas publier comme réel\n")
