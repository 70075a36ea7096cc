"""`pilotage federer`: merge the packages of several territories into one diagnosis."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pilotage.commandes.ecran import Console


def federer(
    paquets: Annotated[list[Path], typer.Argument(help="Dossiers ou zips de paquets, les siens et ceux de voisins.")],
    vers: Annotated[Path, typer.Option(help="Dossier du paquet réuni, remplacé s'il existe.")],
    entrepot: Annotated[bool, typer.Option(help="Charger aussi le résultat dans l'entrepôt, à part.")] = False,
) -> None:
    """Réunit des paquets : communes et lieux une seule fois, désaccords listés, échelons recalculés."""
    from pilotage.federation.fusion import federate

    rapport = federate(paquets, vers)
    console = Console(soft_wrap=True, highlight=False)
    if rapport.descripteur["pilotage"]["donnees_simulees"]:
        console.print("[bold white on red] DONNÉES SIMULÉES [/]")
    communes, lieux = (rapport.lignes.get(f"commun.{name}", 0) for name in ("dim_communes", "dim_lieux"))
    console.print(f"{len(paquets)} paquets réunis : {communes} lignes de communes, {lieux} lieux.")
    console.print(
        f"{rapport.conflits} désaccords (federation/conflits.csv) ; {rapport.partiels} territoires connus en partie "
        "(federation/territoires_partiels.csv)."
    )
    console.print(f"Paquet réuni : {rapport.dossier}")
    if entrepot:
        from pilotage.federation.entrepot import load_package

        generation = load_package(rapport.dossier)
        console.print(f"Génération {generation} de l'entrepôt : schémas commun__{generation}, usages__{generation}…")
