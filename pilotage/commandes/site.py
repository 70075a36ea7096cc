"""`pilotage site`: write the planner's site of the visible generation."""

from __future__ import annotations

from pilotage.commandes.ecran import Console


def site() -> None:
    """Écrit le site des décideurs (une page par territoire) de la génération visible, et dit où il est."""
    from pilotage.site.generation import build_site

    rapport = build_site()
    console = Console(soft_wrap=True, highlight=False)
    parts = ", ".join(f"{name} {seconds:g} s" for name, seconds in rapport.durees.items())
    console.print(f"{rapport.pages} pages, {rapport.fichiers} fichiers, {rapport.octets / 1e6:.0f} Mo ({parts})")
    console.print(f"Site de la génération {rapport.generation} : {rapport.dossier / 'index.html'}")
