"""`pilotage personnes`: where a person is named, and how they are erased (docs/donnees_personnelles.md)."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(help="Droits des personnes : chercher où quelqu'un est nommé, l'effacer.", no_args_is_help=True)
console = Console(soft_wrap=True, highlight=False, markup=False)
Texte = Annotated[
    str | None, typer.Argument(help="Prénom et nom, courriel ou téléphone ; sans lui, il est demandé, sans écho.")
]


@app.command()
def chercher(texte: Texte = None) -> None:
    """Dit où un texte se trouve : brut, quarantaine, fichiers du dépôt ; jamais la ligne entière."""
    from pilotage.personnes import find_person

    places = find_person(_ask(texte))
    for place in places:
        if place.endroit == "illisible":
            console.print(f"illisible, à regarder : {place.source}, {place.detail}, livraison {place.livraison}")
            continue
        column = f", colonne {place.colonne}" if place.colonne else ""
        console.print(
            f"{place.endroit} : {place.source}, {place.detail}{column}, livraison {place.livraison} : {place.nombre}"
        )
    if all(place.endroit == "illisible" for place in places):
        console.print("Introuvable dans le brut, la quarantaine, le journal et les fichiers du dépôt qui se lisent.")


@app.command()
def effacer(
    motif: Annotated[str, typer.Option(help="Référence de la demande, sans nom : registre du DPO.")],
    texte: Texte = None,
    oui: Annotated[bool, typer.Option("--oui", help="Ne pas demander confirmation.")] = False,
) -> None:
    """Efface une personne, et la refuse dans les livraisons à venir."""
    from pilotage.personnes import erase_person

    wanted = _ask(texte)
    if not oui:
        typer.confirm("Effacer partout, sans retour ?", abort=True)
    done = erase_person(wanted, motif)
    console.print(f"{done.cellules} cellules vidées, {done.quarantaine} lignes de quarantaine nettoyées.")
    if done.journal:
        console.print(f"{done.journal} lignes du journal qui citaient la personne : phrase remplacée.")
    console.print(f"Opposition retenue pour {len(done.sources)} sources : {', '.join(done.sources)}.")
    for name in done.fichiers:
        console.print(f"retiré du dépôt : {name}")
    for name in done.gardes:
        console.print(f"gardé tel que publié (livraison courante) : {name} ; demander la correction au producteur")
    for place in done.illisibles:
        console.print(f"illisible, à regarder : {place.source}, {place.detail} ; rien n'y a été cherché jusqu'au bout")
    console.print("`pilotage construire`, ou la prochaine nuit, refait les tables publiées sans ces valeurs.")


def _ask(texte: str | None) -> str:
    """The text, asked without echo when it is not given: an argument is seen by every account of the machine."""
    return texte or typer.prompt("Texte", hide_input=True)
