"""`python -m models_ml fiche|fragilite`: write the pages that tell what a run measured."""

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


if __name__ == "__main__":
    app()
