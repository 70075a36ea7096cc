"""The command line: `python -m pilotage`."""

from __future__ import annotations

import sys

import typer

from pilotage.commandes import generations, postgres, sources
from pilotage.errors import ErreurPilotage

app = typer.Typer(
    name="pilotage",
    help="Pilotage : l'entrepôt qui permet à un territoire de piloter sa feuille de route numérique.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for nom, module in {"sources": sources, "generations": generations, "postgres": postgres}.items():
    app.add_typer(module.app, name=nom)


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
