"""`pilotage exporter`: write the Open Data export, and say where it is and under which licences."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from pilotage.commandes.ecran import Console
from pilotage.errors import ErreurPublication

app = typer.Typer(help="Les exports Open Data : les écrire, dire où ils sont et sous quelles licences.")


@app.callback(invoke_without_command=True)
def exporter(
    contexte: typer.Context,
    generation: Annotated[str | None, typer.Option(help="La génération visible par défaut.")] = None,
    forcer: Annotated[bool, typer.Option("--forcer", help="Réécrire un export déjà fait.")] = False,
) -> None:
    """Écrit l'export de la génération visible (CSV, Parquet, datapackage.json, licences), puis le décrit."""
    if contexte.invoked_subcommand is None:
        from pilotage.export import export_generation

        show(export_generation(generation, forcer=forcer))


@app.command()
def montrer() -> None:
    """Dit où est le dernier export, ce qu'il contient et sous quelles licences, sans rien écrire."""
    from pilotage.config import get_settings
    from pilotage.export import latest_export

    exports = get_settings().exports
    folder = latest_export(exports)
    if folder is None:
        raise ErreurPublication("aucun export", fichier=str(exports), conseil="`python -m pilotage exporter`")
    show(folder)


@app.command()
def decouper(
    territoires: Annotated[list[str], typer.Argument(help="Territoires : departement:01, epci:200071751, crte:…")],
    vers: Annotated[Path, typer.Option(help="Dossier du paquet, remplacé s'il existe.")],
    depuis: Annotated[Path | None, typer.Option(help="Export d'où découper ; le dernier par défaut.")] = None,
) -> None:
    """Découpe d'un export le paquet d'un territoire, à donner à un voisin ou à réunir par `federer`."""
    from pilotage.config import get_settings
    from pilotage.export import latest_export
    from pilotage.federation.decoupe import cut_package

    folder = depuis or latest_export(get_settings().exports)
    if folder is None:
        raise ErreurPublication("aucun export à découper", conseil="`python -m pilotage exporter`")
    descriptor = cut_package(folder, territoires, vers)
    rows = sum(r["pilotage"]["lignes"] for r in descriptor["resources"] if r["type"] == "table")
    Console(soft_wrap=True, highlight=False).print(f"{descriptor['title']} : {rows} lignes dans {vers}")


def show(folder: Path) -> None:
    """Print an export: folder, tables, sizes, licences, sources of unknown licence."""
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    console = Console(soft_wrap=True, highlight=False)
    if package["pilotage"]["donnees_simulees"]:
        console.print("[bold white on red] DONNÉES SIMULÉES [/] territoire fictif, aucun chiffre n'est réel.")
    console.print(_table(package))
    for licence in package["licenses"]:
        console.print(f"Licence : {licence['title']}" + (f" ({licence['path']})" if "path" in licence else ""))
    unknown = package["pilotage"]["sources_de_licence_inconnue"]
    if unknown:
        console.print(f"[yellow]Licence inconnue, à demander au producteur :[/] {', '.join(unknown)}")
    console.print(f"Export de la génération {package['version']} : {folder}")


def _table(package: dict) -> Table:
    table = Table(box=None)
    for title, side in (("table", "left"), ("lignes", "right"), ("CSV", "right"), ("Parquet", "right")):
        table.add_column(title, justify=side)
    table.add_column("licence")
    sizes = {resource["name"]: resource["bytes"] for resource in package["resources"]}
    for resource in package["resources"]:
        if resource["type"] == "table":
            name = resource["name"]
            licences = " ; ".join(licence["title"] for licence in resource["licenses"])
            count = f"{resource['pilotage']['lignes']:,}".replace(",", " ")
            table.add_row(name, count, _size(sizes[name]), _size(sizes[f"{name}.parquet"]), licences)
    return table


def _size(octets: int) -> str:
    return f"{octets / 1e6:.1f} Mo" if octets >= 1e6 else f"{octets / 1e3:.1f} ko"
