"""The command line: `python -m pilotage`."""

from __future__ import annotations

import sys

import typer

from pilotage.commandes import postgres as commande_postgres
from pilotage.errors import ErreurPilotage

app = typer.Typer(
    name="pilotage",
    help="Pilotage : l'entrepôt qui permet à un territoire de piloter sa feuille de route numérique.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(commande_postgres.app, name="postgres")


def main() -> None:
    """Run the command line; a known error is one sentence, never a traceback."""
    try:
        app()
    except ErreurPilotage as error:
        from rich.console import Console

        Console(stderr=True, soft_wrap=True).print(f"[bold red]Erreur[/] {error}", highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
