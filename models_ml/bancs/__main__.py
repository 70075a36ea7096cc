"""`python -m models_ml.bancs FORMAT FICHIER`: solve problems of published families and say what is proven."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from models_ml.bancs.formats import CAPACITE, FORMATS, SIMPLE, Probleme
from models_ml.optimisation.resultat import Plan
from pilotage.errors import ErreurPilotage, ErreurRecommandation

app = typer.Typer(help="Les familles publiées de problèmes de localisation.", add_completion=False)
Format = StrEnum("Format", {name.replace("-", "_"): name for name in FORMATS})


@app.command()
def main(
    format: Annotated[Format, typer.Argument(help="Format du fichier.")],
    fichier: Annotated[Path, typer.Argument(help="Fichier de la famille.")],
    p: Annotated[int | None, typer.Option("--p", min=0, help="Nombre de sites ; par défaut, celui du fichier.")] = None,
    limite: Annotated[float | None, typer.Option(min=0, help="Secondes par problème ; sans limite par défaut.")] = None,
    ecart: Annotated[float, typer.Option(min=0, help="Écart relatif auquel un plan est prouvé.")] = 1e-4,
    probleme: Annotated[int | None, typer.Option(min=1, help="Rang du seul problème à résoudre.")] = None,
    arrondi: Annotated[bool, typer.Option("--arrondi", help="TSPLIB : distances à l'entier le plus proche.")] = False,
    graine: Annotated[int, typer.Option(help="Graine des tirages.")] = 0,
) -> None:
    """Résoudre les problèmes d'un fichier : objectif, borne, écart, durée, une phrase et une ligne cle=valeur."""
    try:
        solved = 0
        for rank, one in enumerate(FORMATS[format.value](fichier, arrondi), 1):
            if probleme in (None, rank):
                plan, chosen = solve(one, p, ecart, limite, graine)
                typer.echo(describe(one, plan, chosen))
                solved += 1
        if not solved:
            raise ErreurRecommandation(
                f"problème {probleme} absent", fichier=str(fichier), attendu=f"un rang de 1 à {rank}"
            )
    except ErreurPilotage as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def solve(one: Probleme, p: int | None, gap: float, time_limit: float | None, seed: int) -> tuple[Plan, int | None]:
    """Plan of a problem, and the p it was solved for (None where the number of sites is free)."""
    from models_ml.optimisation.mediane import p_median
    from models_ml.optimisation.ufl import localisation_simple

    if one.genre == SIMPLE:
        return localisation_simple(one.costs, one.fixed_costs, gap=gap, time_limit=time_limit, seed=seed), None
    chosen = one.p if p is None else p
    if chosen is None:
        raise ErreurRecommandation(f"{one.nom} : le nombre de sites n'est pas dans le fichier", conseil="donner --p")
    if one.genre == CAPACITE:
        from models_ml.optimisation.capacite import capacite

        plan = capacite(one.costs, one.weights, one.capacities, chosen, gap=gap, time_limit=time_limit, seed=seed)
        return plan, chosen
    return p_median(one.costs, one.weights, chosen, gap=gap, time_limit=time_limit, seed=seed), chosen


def describe(one: Probleme, plan: Plan, p: int | None) -> str:
    """A sentence in French, then the same figures as keys and values whose names and order do not change."""
    state = "optimum prouvé" if plan.prouve else "non prouvé"
    known = "" if one.connu is None else f", meilleure valeur du fichier {number(one.connu)}"
    sites = "" if p is None else f", p = {p}"
    n, m = one.costs.shape
    sentence = (
        f"{one.nom} ({one.genre}, {n} × {m}{sites}) : objectif {number(plan.objectif)}, "
        f"borne {number(plan.borne)}, écart {plan.ecart:.4%}, {state}, {plan.duree_s:.2f} s{known}"
    )
    values = {
        "probleme": one.nom.replace(" ", "_"),
        "n": n,
        "m": m,
        "p": "" if p is None else p,
        "sites": len(np.atleast_1d(plan.sites)),
        "objectif": number(plan.objectif),
        "borne": number(plan.borne),
        "ecart": f"{plan.ecart:.3e}",
        "prouve": "oui" if plan.prouve else "non",
        "secondes": f"{plan.duree_s:.3f}",
    }
    return sentence + "\n" + " ".join(f"{key}={found}" for key, found in values.items())


def number(value: float) -> str:
    """Up to six decimals, none when whole."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


if __name__ == "__main__":
    app()
