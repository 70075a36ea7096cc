"""`pilotage lieux`: learn to tell one place from two, and measure it on the labelled pairs."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from pilotage.commandes.ecran import Console

app = typer.Typer(
    help="Le rapprochement des lieux : apprendre ses coefficients, mesurer sa justesse.", no_args_is_help=True
)
console = Console(soft_wrap=True)
Choix = Annotated[str | None, typer.Option(help="Génération à lire ; la plus récente sinon.")]


@app.command()
def apprendre(generation: Choix = None) -> None:
    """Ajuste le modèle sur les couples étiquetés et écrit les coefficients, les seuils et les mesures (seeds dbt)."""
    from pilotage.rapprochement.apprentissage import learn_places

    _show(learn_places(_staging(generation)))
    console.print(
        "Écrits : lieux_modele.csv et lieux_mesures.csv (dbt_project/seeds). La prochaine construction les applique."
    )


@app.command()
def mesurer(generation: Choix = None) -> None:
    """Dit si les couples étiquetés finissent bien dans un même lieu, une fois les lieux réunis."""
    from pilotage.rapprochement.apprentissage import measure_places

    _show(measure_places(_staging(generation)))


def _staging(generation: str | None) -> str:
    from pilotage.errors import ErreurEntrepot
    from pilotage.generations import list_generations, schema

    known = [g.generation for g in list_generations() if g.etat not in ("abandonnee", "supprimee")]
    if not known:
        raise ErreurEntrepot("aucune génération", conseil="construire l'entrepôt : `pilotage construire`")
    return schema("staging", generation or known[0])


def _show(rows: list[dict[str, str]]) -> None:
    table = Table()
    for column in ("Mesure", "Valeur", "Intervalle à 95 %", "Couples", "Lecture"):
        table.add_column(column)
    for row in rows:
        bounds = "" if row["lecture"] == "seuil" else f"{row['borne_basse']} à {row['borne_haute']}"
        table.add_row(row["libelle"], row["valeur"], bounds, row["nb_couples"], row["lecture"])
    console.print(table)
