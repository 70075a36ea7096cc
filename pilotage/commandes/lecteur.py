"""`pilotage lecteur`: how a BI tool connects to the visible generation."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy import make_url

from pilotage.commandes.ecran import Console


def lecteur(
    adresse: Annotated[bool, typer.Option("--adresse", help="L'adresse seule, mot de passe compris.")] = False,
) -> None:
    """Dit comment un outil de BI se connecte en lecture seule ; crée le rôle la première fois."""
    from pilotage.config import get_settings
    from pilotage.lecteur import LIMITES, ensure_reader

    settings = get_settings()
    url = make_url(ensure_reader(settings))
    console = Console(soft_wrap=True, highlight=False)
    if adresse:
        console.print(url.set(drivername="postgresql").render_as_string(hide_password=False), markup=False)
        return
    console.print(f"Serveur      {url.host}, port {url.port or 5432}, base {url.database}")
    console.print(f"Utilisateur  {url.username} ; mot de passe dans {settings.home / 'lecteur'}")
    limits = ", ".join(f"{name} {value}" for name, value in LIMITES.items())
    console.print(f"Limites      {limits}", markup=False)
    console.print("Il lit les schémas de la génération visible, et rien d'autre ; docs/bi.md dit la suite.")
