"""`pilotage apports`: check the territory's own files, write examples, explain a type."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.markdown import Markdown
from rich.markup import escape
from rich.table import Table

from pilotage.commandes.ecran import Console
from pilotage.config import get_settings
from pilotage.errors import ErreurApport

app = typer.Typer(
    help="Les apports de la collectivité : vérifier ses fichiers, écrire des exemples, expliquer un type."
)
console = Console(soft_wrap=True)


@app.command()
def verifier(
    dossier: Annotated[Path | None, typer.Argument(help="Dossier des apports ; par défaut PILOTAGE_APPORTS.")] = None,
    entrepot: Annotated[bool, typer.Option(help="Vérifier aussi les codes de territoires dans l'entrepôt.")] = False,
) -> None:
    """Dit chaque erreur : fichier, ligne, colonne, ce qui était attendu, que faire."""
    from pilotage.apports.controle import check_folder, check_scenarios
    from pilotage.apports.references import References, known_territories

    folder = dossier or get_settings().apports
    if not folder.is_dir():
        console.print(f"Aucun dossier {folder} : aucun apport, et ce n'est pas une erreur.")
        console.print("`pilotage apports exemple <dossier>` écrit un exemple de chaque fichier.")
        return
    constats = check_folder(folder, References(entrepot=_known(known_territories) if entrepot else None))
    constats += check_scenarios(folder)
    faults = [fault for constat in constats for fault in constat.fautes]
    for fault in faults:
        console.print(f"[bold red]✗[/] {escape(str(fault))}", highlight=False)
    for constat in constats:
        if not constat.fautes:
            console.print(f"[green]✓[/] {constat.fichier} : {constat.lignes} lignes", highlight=False)
    if faults:
        wrong = sum(1 for constat in constats if constat.fautes)
        advice = "corriger puis relancer ; un fichier en erreur n'entre pas, sa dernière bonne version reste servie"
        raise ErreurApport(f"{len(faults)} erreur(s) dans {wrong} fichier(s)", conseil=advice)
    console.print(f"{len(constats)} fichier(s), aucune erreur.")


@app.command()
def exemple(dossier: Annotated[Path, typer.Argument(help="Où les écrire ; rien n'y est remplacé.")]) -> None:
    """Écrit un exemple de chaque fichier, un classeur vide à remplir, et les Table Schemas."""
    from pilotage.apports import EXEMPLES, SCHEMAS
    from pilotage.apports.classeur import write_model

    scenarios = sorted(EXEMPLES.rglob("*.yml"))
    for path in [
        *sorted(EXEMPLES.rglob("*.csv")),
        *scenarios,
        EXEMPLES / "datapackage.json",
        *sorted(SCHEMAS.glob("*.json")),
    ]:
        inside = path.relative_to(EXEMPLES) if path.is_relative_to(EXEMPLES) else Path("schemas", path.name)
        target = dossier / inside
        if target.exists():
            console.print(f"gardé : {target}")
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        console.print(f"écrit : {target}")
    model = dossier / "modele.xlsx"
    if not model.exists():
        write_model(model)
        console.print(f"écrit : {model}")


@app.command()
def convertir(
    classeur: Annotated[Path, typer.Argument(help="Un .xlsx, une feuille par type.", exists=True, dir_okay=False)],
    dossier: Annotated[Path | None, typer.Argument(help="Dossier des apports ; par défaut PILOTAGE_APPORTS.")] = None,
) -> None:
    """Tire d'un classeur les fichiers CSV, un par feuille remplie."""
    from pilotage.apports.classeur import convert

    folder = dossier or get_settings().apports
    for path in convert(classeur, folder):
        console.print(f"écrit : {path}")
    console.print(f"Ensuite : pilotage apports verifier {folder}")


@app.command()
def expliquer(type_de_fichier: Annotated[str | None, typer.Argument(help="Par exemple gouvernance.")] = None) -> None:
    """Dit ce que contient un type de fichier ; sans argument, les nomme tous."""
    from pilotage.apports import cards
    from pilotage.fiche import explain

    known = cards()
    if type_de_fichier is None:
        table = Table(title="Ce qu'une collectivité peut apporter : <dossier>/<type>/<nom libre>.csv")
        for column in ("Type", "Ce que c'est", "Une ligne par"):
            table.add_column(column)
        for name, card in known.items():
            table.add_row(name, card.titre, ", ".join(card.tables[0].cle))
        console.print(table)
        return
    if type_de_fichier not in known:
        advice = "`pilotage apports expliquer` les liste"
        raise ErreurApport(f"type « {type_de_fichier} » inconnu", attendu=", ".join(known), conseil=advice)
    console.print(Markdown(explain(known[type_de_fichier])))


def _known(read) -> frozenset[str]:
    """Territories of the warehouse.

    Raises:
        ErreurApport: none answers; the files may be checked without it.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from pilotage.postgres import lend

    try:
        with lend():
            return read()
    except SQLAlchemyError as error:
        advice = "construire l'entrepôt, ou vérifier sans --entrepot"
        raise ErreurApport("l'entrepôt ne répond pas, ou n'a pas de territoires", conseil=advice) from error
