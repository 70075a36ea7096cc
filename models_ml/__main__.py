"""`python -m models_ml fiche|fragilite|sensibilite|distancier`: pages that tell what a run measured; times by road."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Le recommandeur.", no_args_is_help=True)


@app.callback()
def main() -> None:
    """Le recommandeur de Pilotage."""


@app.command()
def fiche(
    sortie: Annotated[Path, typer.Option(help="Fichier à écrire.")] = Path(__file__).with_name("FICHE.md"),
) -> None:
    """Écrire la fiche du modèle d'après le calcul publié."""
    from models_ml.fiche import load_bilan, render

    sortie.write_text(render(load_bilan()), encoding="utf-8")
    typer.echo(f"fiche écrite : {sortie}")


@app.command()
def fragilite(
    generation: Annotated[str | None, typer.Option(help="Génération lue ; la visible par défaut.")] = None,
    sortie: Annotated[Path, typer.Option(help="Fichier à écrire.")] = Path(__file__).parents[1]
    / "docs"
    / "fragilite.md",
) -> None:
    """Écrire la page de l'indice de fragilité d'après un calcul."""
    from models_ml.synthese.page import load_tables, render

    sortie.write_text(render(*load_tables(generation)), encoding="utf-8")
    typer.echo(f"page écrite : {sortie}")


@app.command()
def sensibilite(
    sortie: Annotated[Path, typer.Option(help="Fichier à écrire.")] = Path(__file__).parents[1] / "docs" / "trajets.md",
) -> None:
    """Écrire la page des temps de trajet : ce que le résultat national doit aux hypothèses."""
    from models_ml.lecture import load_reseau
    from models_ml.sensibilite import render

    sortie.write_text(render(load_reseau("france_services")), encoding="utf-8")
    typer.echo(f"page écrite : {sortie}")


@app.command()
def distancier(
    osrm: Annotated[str, typer.Option(help="Adresse du serveur OSRM.")],
    territoire: Annotated[str, typer.Option(help="Code du territoire dont les trajets partent.")],
    sortie: Annotated[Path, typer.Option(help="Fichier CSV à écrire.")],
    km: Annotated[float, typer.Option(help="Portée à vol d'oiseau, en kilomètres.")] = 40.0,
) -> None:
    """Demander à un moteur routier les minutes entre communes, et les écrire pour PILOTAGE_DISTANCIER."""
    from models_ml.lecture import load_reseau
    from models_ml.osrm import build_distancier
    from models_ml.territoire import communes_of

    communes = load_reseau("france_services").communes
    _, codes = communes_of(territoire)
    table = build_distancier(communes, communes.code_commune.isin(codes).to_numpy(), osrm, km)
    table.to_csv(sortie, index=False)
    typer.echo(f"{len(table)} trajets écrits : {sortie}")


if __name__ == "__main__":
    app()
