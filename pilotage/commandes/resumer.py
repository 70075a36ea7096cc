"""`pilotage resumer`: what changed for a territory since the former publication, printed or sent."""

from __future__ import annotations

from typing import Annotated

import typer

from pilotage.commandes.ecran import Console


def resumer(
    territoire: Annotated[
        list[str] | None,
        typer.Option(
            help="Un territoire (epci:200071751, departement:01, france:FR), répétable ; ou PILOTAGE_TERRITOIRES."
        ),
    ] = None,
    envoyer: Annotated[
        bool, typer.Option("--envoyer", help="L'envoyer, au plus une fois par jour et par canal.")
    ] = False,
) -> None:
    """Dit ce qui a changé pour un territoire depuis la publication précédente ; ne l'envoie qu'avec --envoyer."""
    from pilotage.resume.envoi import resumer_nuit
    from pilotage.resume.lecture import named_territories, read_facts
    from pilotage.resume.message import compose

    console = Console(soft_wrap=True, highlight=False, markup=False)
    if not envoyer:
        resume = compose(read_facts(territoire or named_territories()))
        console.print(f"Objet : {resume.sujet}\n\n{resume.texte}", end="")
        return
    line = resumer_nuit(territoire or None)
    if not line["envois"]:
        console.print("Aucun canal : renseigner PILOTAGE_ALERTE_COURRIEL ou PILOTAGE_ALERTE_WEBHOOK.")
    for channel, answer in line["envois"].items():
        console.print(f"{channel} : {answer}")
