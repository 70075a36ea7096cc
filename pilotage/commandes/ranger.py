"""`pilotage ranger`: what the retention rules would throw away, and throw it away when told to."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from pilotage.commandes.sauvegarder import size

console = Console(soft_wrap=True, highlight=False)


def ranger(
    appliquer: Annotated[bool, typer.Option("--appliquer", help="Supprimer vraiment, et non dire seulement.")] = False,
    depot_jours: Annotated[
        int | None, typer.Option(min=30, help="Âge d'une livraison remplacée qui peut partir ; PILOTAGE_DEPOT_JOURS.")
    ] = None,
) -> None:
    """Dit ce que les règles de conservation supprimeraient (dépôt, journaux, exports…) ; --appliquer le fait."""
    from pilotage.config import get_settings
    from pilotage.sauvegarde.ranger import tidy

    plan = tidy(get_settings(), jours_depot=depot_jours, appliquer=appliquer)
    verb = "supprimé" if plan.applique else "à supprimer"
    if plan.jours_depot is None:
        console.print("Dépôt : rien n'est jamais supprimé (PILOTAGE_DEPOT_JOURS absent ; --depot-jours N pour voir).")
    else:
        count, octets = len(plan.livraisons), size(plan.octets)
        console.print(
            f"Dépôt : {count} livraisons remplacées depuis plus de {plan.jours_depot} jours, {octets}, {verb}."
        )
        for copy in plan.livraisons:
            console.print(f"  {'/'.join(copy.fichier)} reçue le {copy.recue_le:%d/%m/%Y}, {size(copy.octets)}")
    for what, paths in plan.chemins.items():
        console.print(f"{what.capitalize()} de plus de {plan.jours_journaux} jours : {len(paths)}, {verb}.")
    rows = sum(plan.quarantaine.values())
    console.print(
        f"Quarantaine : {rows} lignes rejouées ou écartées depuis plus de {plan.jours_journaux} jours, {verb}."
    )
    if not plan.applique:
        console.print("Rien n'a été supprimé : `pilotage ranger --appliquer` le fait.")
