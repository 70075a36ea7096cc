"""`pilotage publier`: what would be published on data.gouv.fr, and with --envoyer, publishing it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pilotage.commandes.ecran import Console

if TYPE_CHECKING:
    from pilotage.datagouv import Geste, Plan


def publier(
    jeu: Annotated[list[str] | None, typer.Option(help="Un jeu (lieux, usages…), répétable ; tous par défaut.")] = None,
    depuis: Annotated[Path | None, typer.Option(help="Dossier d'un export ; le dernier par défaut.")] = None,
    envoyer: Annotated[bool, typer.Option("--envoyer", help="Publier vraiment.")] = False,
) -> None:
    """Dit ce qui serait créé, remplacé ou laissé sur data.gouv.fr ; ne publie qu'avec --envoyer."""
    from pilotage.datagouv import Publication, read_sets

    console = Console(soft_wrap=True, highlight=False, markup=False)
    sets = read_sets(jeu, depuis)
    publication = Publication(envoyer=envoyer)
    console.print(f"Plateforme : {publication.url}" + ("" if envoyer else " (à blanc : rien n'est envoyé)"))
    for one in sets:
        plan = publication.plan(one)
        _show(console, plan)
        if envoyer:
            for done in publication.publish(one):
                console.print(f"  fait : {_line(done)}")
    if not envoyer:
        console.print("Pour publier : `pilotage publier --envoyer`")


def _show(console: Console, plan: Plan) -> None:
    body = plan.jeu.charge
    console.print(f"\n{plan.jeu.cle} : {plan.action}" + (f" (jeu {plan.identifiant})" if plan.identifiant else ""))
    console.print(f"  {body['title']}")
    zones = ", ".join(body["spatial"]["zones"])
    console.print(f"  licence {body['license']}, fréquence {body['frequency']}, couverture {zones}")
    console.print(f"  mots-clés : {', '.join(body['tags']) or 'aucun'}")
    for geste in plan.gestes:
        console.print(f"  {_line(geste)}")
    for title in plan.laisses:
        console.print(f"  laissé en ligne, absent du paquet : {title}")


def _line(geste: Geste) -> str:
    octets = geste.fichier.octets
    size = (f"{octets / 1e6:.1f} Mo" if octets >= 1e6 else f"{octets / 1e3:.1f} ko").replace(".", ",")
    return f"{geste.action:<10} {geste.fichier.chemin} ({size})"
