"""`pilotage recommander`: what to do in a territory, why, and the best plan of N sites."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models_ml.territoire import Reponse
    from pilotage.commandes.ecran import Console

PREMIERES = 3


def recommander(
    code_territoire: Annotated[
        str,
        typer.Argument(help="Code de commune, d'EPCI, de bassin de vie, de CRTE, de département, de région, ou FR."),
    ],
    budget: Annotated[int | None, typer.Option("--budget", help="Nombre de nouveaux sites à placer au mieux.")] = None,
    service: Annotated[str, typer.Option("--service", help="Code du service.")] = "france_services",
    scenario: Annotated[
        Path | None, typer.Option("--scenario", help="Fichier de scénario (docs/scenarios.md), pour ce territoire.")
    ] = None,
) -> None:
    """Que faire dans un territoire, pourquoi, et où ouvrir N sites."""
    from models_ml.territoire import answer
    from pilotage.commandes.ecran import Console

    if scenario:
        _recommend_scenario(scenario, code_territoire, budget, Console(highlight=False))
        return
    show(answer(code_territoire, budget, service), Console(highlight=False))


def _recommend_scenario(path: Path, territory: str, budget: int | None, console: Console) -> None:
    """The scenario, for this territory and budget, beside today's network."""
    from models_ml.scenarios import Budget, read_scenario, reference
    from pilotage.commandes import scenarios

    change = {"territoire": territory, **({"budget": Budget(sites=budget)} if budget else {})}
    asked = read_scenario(path).model_copy(update=change)
    scenarios.show(*scenarios.try_all([reference(asked), asked]), console)


def show(reponse: Reponse, console: Console) -> None:
    """Print an answer in French."""
    from models_ml.mots import nombre

    if reponse.est_simulee:
        console.print("[bold white on red] DONNÉES SIMULÉES [/] territoire fictif, à ne pas publier comme réel\n")
    territory, decisions = reponse.territoire, reponse.decisions
    console.print(f"[bold]{territory.nom_territoire}[/] ({territory.niveau} {territory.code_territoire})")
    if reponse.homonymes:
        console.print(f"[dim]Même code : {', '.join(reponse.homonymes)} (à écrire ainsi pour l'obtenir).[/]")
    far = decisions[~(decisions.temps_min <= reponse.seuil_min)]
    far = far[far.methode != "position de la commune inconnue"]
    people, beyond = decisions.population.sum(), far.population.sum()
    share = f" ({nombre(100 * beyond / people, 1)} %)" if people else ""
    console.print(
        f"{nombre(len(decisions))} communes, {nombre(people)} habitants ; à plus de {nombre(reponse.seuil_min)} min "
        f"d'un site : {nombre(beyond)} habitants{share}, {nombre(len(far))} communes.\n"
    )
    console.print(_actions(decisions))
    _first(decisions, console)
    if reponse.plan is not None:
        _plan(reponse, console)
    _missing(decisions, console)
    console.print(
        "[dim]Temps estimés à vol d'oiseau × détour ; « ressemblance » : ressemblance aux implantations passées, "
        "pour mémoire, sans effet sur les décisions.[/]"
    )


def _actions(decisions):
    """Table of the decisions by action."""
    from rich.table import Table

    from models_ml.mots import nombre

    table = Table(title="Décisions par action", title_justify="left")
    for heading, justify in (("action", "left"), ("communes", "right"), ("habitants", "right"), ("stabilité", "right")):
        table.add_column(heading, justify=justify)
    for action, group in sorted(decisions.groupby("libelle_action"), key=lambda item: (-len(item[1]), item[0])):
        row = (nombre(len(group)), nombre(group.population.sum()), f"{nombre(100 * group.stabilite.mean())} %")
        table.add_row(action, *row)
    return table


def _first(decisions, console: Console) -> None:
    """The first communes where something is to be done, in words; else the first of all."""
    from models_ml.mots import nombre

    chosen = decisions[~decisions.action.isin(["maintenir", "a_instruire"])]
    chosen = (chosen if len(chosen) else decisions).head(PREMIERES)
    console.print("\n[bold]Premières recommandations[/]")
    for rank, commune in enumerate(chosen.itertuples(), start=1):
        console.print(
            f" {rank}. [bold]{commune.nom_commune}[/] ({commune.code_commune}, {nombre(commune.population)} hab.) : "
            f"[bold]{commune.libelle_action}[/]. Priorité {nombre(commune.score, 2)} "
            f"(de {nombre(commune.score_bas, 2)} à {nombre(commune.score_haut, 2)}), "
            f"même action dans {nombre(100 * _or_nan(commune.stabilite))} % des tirages."
        )
        console.print("    " + " ".join(commune.raisons))
        if commune.bascule:
            console.print(f"    Bascule : {commune.bascule}.")
        likeness = _or_nan(commune.ressemblance_passee)
        if likeness == likeness:
            console.print(f"    [dim]Ressemblance aux implantations passées : {nombre(likeness, 2)} (pour mémoire).[/]")


def _or_nan(value) -> float:
    return float("nan") if value is None else float(value)


def _plan(reponse: Reponse, console: Console) -> None:
    """The plan of N sites with what each adds, and what is proved of it."""
    from rich.table import Table

    from models_ml.mots import nombre

    plan, communes = reponse.plan, reponse.communes
    if not plan.rangs:
        console.print("\nAucun site ne rapprocherait personne sous le seuil.")
        return
    table = Table(title=f"\nPlan de {len(plan.rangs)} sites au plus près des habitants", title_justify="left")
    for heading, justify in (("rang", "right"), ("commune", "left"), ("habitants desservis en plus", "right")):
        table.add_column(heading, justify=justify)
    for rank, (site, gained) in enumerate(plan.rangs, start=1):
        commune = communes.iloc[site]
        table.add_row(str(rank), f"{commune.nom_commune} ({commune.code_commune})", nombre(gained))
    console.print(table)
    proof = "optimal à cet écart près" if plan.plan.prouve else "NON prouvé : meilleur plan trouvé dans le temps donné"
    console.print(
        f"Habitants à moins de {nombre(reponse.seuil_min)} min : {nombre(plan.couverte_avant)} aujourd'hui, "
        f"{nombre(plan.couverte_apres)} avec le plan ; aucun plan de cette taille ne dépasse {nombre(plan.plan.borne)} "
        f"(écart {nombre(100 * plan.plan.ecart, 3)} %, {proof}, {nombre(plan.plan.duree_s, 1)} s)."
    )
    if reponse.autres:
        console.print(f"Hors du territoire, {nombre(reponse.autres)} habitants y gagnent aussi un site à portée.")


def _missing(decisions, console: Console) -> None:
    """Which data is missing, and for how many communes."""
    from models_ml.mots import nombre

    counts = decisions.donnees_manquantes.explode().dropna().value_counts()
    if len(counts):
        console.print("\n[bold]Données manquantes[/]")
    for label, count in counts.items():
        console.print(f" - {label} : {nombre(count)} communes sur {nombre(len(decisions))}")
