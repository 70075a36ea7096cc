"""`pilotage generations`: list them, go back to the former one."""

from __future__ import annotations

import typer
from rich.table import Table

from pilotage.commandes.ecran import Console

app = typer.Typer(help="Les générations de l'entrepôt : les lister, revenir à la précédente.")
console = Console(soft_wrap=True)


@app.callback(invoke_without_command=True)
def lister(context: typer.Context) -> None:
    """Liste les générations, la plus récente en tête."""
    if context.invoked_subcommand:
        return
    from pilotage.generations import list_generations

    table = Table(title="Générations de l'entrepôt")
    for column in ("Génération", "État", "Données", "Construite le", "Publiée le", "Lignes"):
        table.add_column(column, justify="right" if column == "Lignes" else "left")
    for g in list_generations():
        rows = f"{sum(g.statistiques.values()):,}".replace(",", " ") if g.statistiques else "—"
        published = f"{g.publiee_le:%d/%m/%Y %H:%M}" if g.publiee_le else "—"
        nature = "[yellow]simulées[/]" if g.est_simulee else "réelles"
        table.add_row(g.generation, g.etat.replace("_", " "), nature, f"{g.creee_le:%d/%m/%Y %H:%M}", published, rows)
    console.print(table)


@app.command()
def revenir() -> None:
    """Rend visible la génération précédente ; celle d'aujourd'hui reste gardée."""
    from pilotage.generations import go_back

    console.print(f"La génération [bold]{go_back()}[/] est visible. Refaire `revenir` pour annuler.")
