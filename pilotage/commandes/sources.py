"""`pilotage sources`: list, explain, check, draft."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markdown import Markdown
from rich.table import Table

from pilotage.catalogue import get_source, load_catalogue
from pilotage.commandes.ecran import Console
from pilotage.config import get_settings
from pilotage.errors import ErreurPilotage

app = typer.Typer(help="Les sources : les lister avec leur fraîcheur, expliquer une fiche, vérifier les fichiers.")
console = Console(soft_wrap=True)


@app.callback(invoke_without_command=True)
def lister(context: typer.Context) -> None:
    """Liste les sources, leur millésime servi et leur fraîcheur."""
    if context.invoked_subcommand:
        return
    from pilotage.fraicheur import freshness

    served = freshness()
    table = Table(title="Sources : millésime servi et âge des données, en jours")
    for column in ("Source", "Millésime", "Âge", "Max", "État"):
        table.add_column(column, no_wrap=column in ("Source", "Millésime"))
    for nom, card in load_catalogue().items():
        line = served.get(nom)
        age = f"{line.age_jours} j" if line and line.age_jours is not None else "—"
        state = line.etat if line else "rien d'apporté" if card.est_apport else "jamais chargée"
        expected = f"{card.fraicheur_max_jours} j"
        table.add_row(nom, line.millesime if line else "—", age, expected, state)
    console.print(table)


@app.command()
def expliquer(source: str) -> None:
    """Dit une fiche en mots."""
    from pilotage.fiche import explain

    console.print(Markdown(explain(get_source(source))))


@app.command()
def verifier(
    source: Annotated[list[str] | None, typer.Argument(help="Seulement ces sources.")] = None,
    internet: Annotated[bool, typer.Option(help="Essayer les adresses de production des fiches.")] = False,
) -> None:
    """Lit chaque fichier de l'entrée choisie contre sa fiche, sans rien charger."""
    from pilotage.landing import open_depot
    from pilotage.verification import check_folder, check_landing

    settings = get_settings()
    depot = open_depot(settings)
    cards = [get_source(nom) for nom in source] if source else list(load_catalogue().values())
    if internet:
        _try_addresses(cards)
        return
    remote = settings.sources == "internet" or "://" in settings.sources
    if settings.sources == "simulation":
        from pilotage.simulation import write_simulation

        write_simulation(settings.simulation_dir, settings.communes, settings.graine)
    table = Table(title=f"Fichiers lus ({settings.landing if remote else settings.mirror})")
    for column in ("Source", "Millésime", "Fichier", "Lignes", "Secondes", "Constat"):
        table.add_column(column, justify="right" if column in ("Lignes", "Secondes") else "left")
    refused = 0
    for card in cards:
        states = check_landing(card, depot) if remote else check_folder(card, Path(settings.mirror))
        for c in states:
            refused += c.etat == "refuse"
            words = {"lu": "[green]conforme[/]", "ecarte": "", "refuse": "[bold red]refusé[/]"}[c.etat]
            note = f"{words} {c.message}".strip()
            table.add_row(c.source, c.millesime, c.fichier, str(c.lignes), f"{c.secondes:.1f}", note)
    console.print(table)
    if refused:
        raise ErreurPilotage(f"{refused} fichier(s) refusé(s)", conseil="lire les constats ci-dessus")


@app.command()
def nouveau(
    source: Annotated[str, typer.Argument(help="Nom producteur__jeu.")],
    exemple: Annotated[Path, typer.Argument(help="Un fichier réel du jeu.", exists=True, dir_okay=False)],
    millesime: Annotated[str, typer.Option(help="Millésime de ce fichier.")],
    axe: Annotated[str, typer.Option(help="Axe de la feuille de route, ou commun.")] = "commun",
) -> None:
    """Ébauche les quatre fichiers d'une source : fiche, porte, staging, échantillon."""
    from pilotage.ebauche import draft

    for path in draft(source, exemple, millesime, axe):
        console.print(f"écrit : {path}")


def _try_addresses(cards: list) -> None:
    from pilotage.adresses import try_address

    table = Table(title="Adresses de production")
    for column in ("Source", "Millésime", "Adresse", "Constat"):
        table.add_column(column)
    for card in cards:
        for adresse in card.adresses:
            table.add_row(card.source, adresse.millesime, adresse.url, try_address(adresse.url))
    console.print(table)
