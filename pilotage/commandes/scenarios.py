"""`pilotage comparer` and `pilotage fermer`: what another network would change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models_ml.essai import Essai
    from models_ml.fermeture import Fermeture
    from pilotage.commandes.ecran import Console

PREMIERES = 8


def comparer(
    premier: Annotated[Path, typer.Argument(help="Fichier de scénario (docs/scenarios.md).")],
    second: Annotated[
        Path | None, typer.Argument(help="Autre fichier ; sans lui, la situation actuelle est comparée au premier.")
    ] = None,
    sortie: Annotated[Path | None, typer.Option("--sortie", help="Fichier CSV des communes, à écrire.")] = None,
) -> None:
    """Deux scénarios côte à côte : habitants, sites, coûts, preuve, gagnants et perdants."""
    from models_ml.comparer import changes
    from models_ml.scenarios import read_scenario, reference
    from pilotage.commandes.ecran import Console

    one = read_scenario(premier)
    scenarios = [one, read_scenario(second)] if second else [reference(one), one]
    trials = try_all(scenarios)
    show(trials[0], trials[1], Console(highlight=False))
    if sortie:
        from pilotage.ecriture_csv import write_frame

        write_frame(changes(*trials), sortie)
        typer.echo(f"Communes écrites : {sortie}")


def try_all(scenarios: list) -> list[Essai]:
    """Compute scenarios of the visible generation.

    Raises:
        ErreurRecommandation: they are not about the same service, or name something unknown.
    """
    from models_ml.contexte import Contexte
    from models_ml.essai import try_scenario
    from models_ml.lecture import load_donnees
    from models_ml.territoire import communes_of
    from pilotage.errors import ErreurRecommandation

    if len({one.service for one in scenarios}) > 1:
        raise ErreurRecommandation("deux services différents ne se comparent pas", attendu="un seul service")
    donnees = load_donnees()
    contexte, trials = Contexte.build(donnees), []
    for one in scenarios:
        _, codes = communes_of(one.territoire)
        inside = donnees.communes.code_commune.isin(codes).to_numpy()
        trials.append(try_scenario(donnees, one, inside, contexte))
    return trials


def show(first: Essai, second: Essai, console: Console) -> None:
    """Print two scenarios side by side, then who wins and loses, and the decisions that change."""
    from models_ml.comparer import DIMENSIONS, changes, compare, winners_and_losers
    from models_ml.mots import nombre
    from models_ml.services import decision_of

    _warn(first.donnees.est_simulee, console)
    console.print(f"[bold]{first.service.libelle}[/], territoire {second.scenario.territoire}\n")
    lines = compare(first, second)
    console.print(_table("", lines.columns.tolist(), lines.itertuples(index=False)))
    for dimension, label in DIMENSIONS.items():
        rows = winners_and_losers(first, second, dimension)
        rows = rows[(rows.gagnants > 0) | (rows.perdants > 0)]
        if len(rows):
            cells = [(r.groupe, nombre(r.gagnants), nombre(r.perdants)) for r in rows.itertuples()]
            headings = ["groupe", "plus près", "plus loin"]
            console.print(_table(f"Habitants plus près, plus loin, par {label}", headings, cells))
    moved, labels = changes(first, second), decision_of(first.service.code).libelles
    changed = moved[moved.action_change].sort_values("population", ascending=False)
    console.print(f"\n{nombre(len(changed))} communes changent de décision.")
    if len(changed):
        cells = [
            (r.nom_commune, r.code_commune, nombre(r.population), labels[r.action_a], labels[r.action_b])
            for r in changed.head(PREMIERES).itertuples()
        ]
        headings = ["commune", "code", "habitants", first.scenario.nom, second.scenario.nom]
        console.print(_table("Les plus peuplées", headings, cells))
    console.print("[dim]Temps estimés à vol d'oiseau × détour.[/]")


def _table(title: str, headings: list[str], rows):
    from rich.table import Table

    table = Table(title=title or None, title_justify="left")
    for rank, heading in enumerate(headings):
        table.add_column(heading, justify="left" if rank == 0 else "right")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    return table


def _warn(simulated: bool, console: Console) -> None:
    if simulated:
        console.print("[bold white on red] DONNÉES SIMULÉES [/] territoire fictif, à ne pas publier comme réel\n")


def fermer(
    lieu: Annotated[str, typer.Argument(help="Identifiant ou nom du lieu.")],
    service: Annotated[str, typer.Option("--service", help="Code du service.")] = "france_services",
) -> None:
    """Et si ce lieu fermait ? Qui resterait loin, et où rouvrir au mieux."""
    from models_ml.fermeture import close
    from models_ml.lecture import load_reseau
    from models_ml.services import load_service
    from pilotage.commandes.ecran import Console

    declared = load_service(service)
    donnees = load_reseau(service)
    console = Console(highlight=False)
    _warn(donnees.est_simulee, console)
    show_closing(close(donnees, declared, lieu), console)


def show_closing(closing: Fermeture, console: Console) -> None:
    """Print who is touched, who is left far, and the best replacements."""
    from models_ml.mots import mesure, nombre

    site, limit, touched = closing.site, nombre(closing.service.seuil_min), closing.touchees
    console.print(
        f"[bold]Si « {site.nom or site.id_site} » ({site.code_commune}) fermait[/], {closing.service.libelle}\n"
    )
    people = touched.population.sum()
    console.print(
        f"{nombre(len(touched))} communes ({nombre(people)} habitants) iraient plus loin ; "
        f"{nombre(closing.au_dela)} habitants passeraient au-delà de {limit} min."
    )
    if len(touched):
        cells = [
            (
                r.nom_commune, nombre(r.population), mesure("temps_min", r.temps_avant_min),
                mesure("temps_min", r.temps_apres_min), nombre(r.score_pauvrete, 1), nombre(r.score_65_ans, 1),
            )
            for r in touched.head(PREMIERES).itertuples()
        ]  # fmt: skip
        headings = ["commune", "habitants", "avant", "après", "pauvreté (0-10)", "65 ans et plus (0-10)"]
        console.print(_table("Communes touchées, les plus peuplées", headings, cells))
    if closing.au_dela and len(closing.remplacants):
        best = closing.remplacants.iloc[0]
        console.print(
            f"\n[bold]Meilleur remplacement : {best.nom_commune}[/] ({best.code_commune}), "
            f"{nombre(best.population_retrouvee)} habitants de nouveau à moins de {limit} min "
            "(toutes les communes possibles ont été comptées)."
        )
        rest = ", ".join(
            f"{r.nom_commune} {nombre(r.population_retrouvee)}" for r in closing.remplacants[1:].itertuples()
        )
        console.print(f"Ensuite : {rest or 'aucune autre'}.")
    elif closing.au_dela:
        console.print("\nAucune commune où ouvrir ne les ramènerait sous le seuil.")
