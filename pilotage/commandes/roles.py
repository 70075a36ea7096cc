"""`pilotage roles`: who may do what in the warehouse, and the roles with fewer rights than its owner."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(help="Les rôles de l'entrepôt : propriétaire, chargeur, lecteur.", invoke_without_command=True)
console = Console(soft_wrap=True, highlight=False)


@app.callback()
def montrer(context: typer.Context) -> None:
    """Dit qui peut faire quoi, d'après les catalogues de PostgreSQL."""
    if context.invoked_subcommand:
        return
    from sqlalchemy import text

    from pilotage.database import get_engine
    from pilotage.lecteur import ROLE
    from pilotage.roles import CHARGEUR, read_rights

    with get_engine().connect() as connection:
        owner = connection.scalar(text("SELECT current_user"))
        rights = [read_rights(connection, role) for role in (owner, CHARGEUR, ROLE)]
    table = Table(show_lines=True)
    for title in ("rôle", "lit", "écrit", "possède", "crée des objets dans", "crée des fonctions", "connexions"):
        table.add_column(title)
    for one in rights:
        if not one.existe:
            table.add_row(one.role, "absent : `pilotage roles creer`, ou docker/postgres/10_roles.sql")
            continue
        name = f"{one.role} (superutilisateur)" if one.super else one.role
        limit = "sans limite" if one.connexions is None else str(one.connexions)
        functions = "oui" if one.cree_fonctions else "non"
        groups = [", ".join(_without_generations(names)) or "rien" for names in (one.lit, one.ecrit, one.possede)]
        table.add_row(name, *groups, ", ".join(_without_generations(one.schemas)) or "rien", functions, limit)
    console.print(table)


@app.command()
def creer() -> None:
    """Crée chargeur et lecteur avec leurs droits ; recommencer ne change rien."""
    from pilotage.config import get_settings
    from pilotage.database import migrate
    from pilotage.roles import ensure_loader

    settings = get_settings()
    migrate(settings)
    ensure_loader(settings)
    console.print("Les rôles chargeur et lecteur ont leurs droits, et aucun autre.")
    console.print(f"Mot de passe de chargeur : {settings.home / 'chargeur'} ; `pilotage roles adresse` dit l'adresse.")


@app.command()
def adresse() -> None:
    """L'adresse de chargeur, mot de passe compris, à donner par PILOTAGE_CHARGEUR_URL."""
    from sqlalchemy import make_url

    from pilotage.roles import ensure_loader

    url = make_url(ensure_loader()).set(drivername="postgresql")
    console.print(url.render_as_string(hide_password=False), markup=False)


def _without_generations(names: tuple[str, ...]) -> list[str]:
    """One name for the schemas of all generations that are not visible."""
    return list(dict.fromkeys(n.partition("__g")[0] + "__g…" if "__g" in n else n for n in names))
