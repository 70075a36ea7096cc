"""`pilotage alertes`: those not read yet, marking them read, and the budget."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

app = typer.Typer(help="Les alertes : celles qui n'ont pas été lues, et leur budget.")


@app.callback(invoke_without_command=True)
def alertes(
    context: typer.Context, toutes: Annotated[bool, typer.Option("--toutes", help="Même celles déjà lues.")] = False
) -> None:
    """Montre les alertes non lues, la plus récente en dernier."""
    if context.invoked_subcommand:
        return
    from pilotage.config import get_settings
    from pilotage.etat.machine import list_alertes

    console = Console(soft_wrap=True)
    lines = list_alertes(get_settings(), non_lues=not toutes)
    for line in lines:
        muted = f" [dim](muette : {escape(line['muette'])})[/]" if line.get("muette") else ""
        head = (
            f"{line['quand']:%d/%m/%Y %H:%M} [bold]{line.get('severite', 'inconnue')}[/] {escape(line['titre'])}{muted}"
        )
        console.print(head, highlight=False)
        console.print(f"  {escape(line['texte'])}", highlight=False)
        console.print(f"  [dim]{line.get('responsable', '')} : {line.get('que_faire', '')}[/]", highlight=False)
    console.print(f"{len(lines)} alertes." if lines else "Aucune alerte non lue.", highlight=False)


@app.command()
def lues() -> None:
    """Marque comme lues toutes les alertes d'avant maintenant."""
    from pilotage.config import get_settings
    from pilotage.etat.machine import list_alertes, mark_read

    settings = get_settings()
    count = len(list_alertes(settings, non_lues=True))
    mark_read(settings, dt.datetime.now().astimezone())
    Console().print(f"{count} alertes marquées comme lues.")


@app.command()
def budget() -> None:
    """Dit, pour chaque famille de contrôles, le responsable, la sévérité, la consigne et ce qui est muet."""
    from pilotage.budget import load_budget
    from pilotage.budget_controle import list_checks

    decided, checks = load_budget(), list_checks()
    table = Table(title=f"{decided.par_semaine} alertes par semaine au plus", title_justify="left", box=None)
    table.add_column("contrôle", no_wrap=True)
    table.add_column("nb", justify="right")
    for head in ("sévérité", "responsable", "que faire"):
        table.add_column(head, overflow="fold")
    for entree in decided.controles:
        count = sum(decided.find(name) is entree for name in checks)
        muted = ""
        if entree.silence:
            state = "muette" if entree.is_muted() else "silence échu"
            muted = f"\n{state} jusqu'au {entree.silence.jusqu_au:%d/%m/%Y} : {escape(entree.silence.motif)}"
        table.add_row(entree.controle, str(count), entree.severite, entree.responsable, entree.que_faire + muted)
    Console().print(table)
