"""`python -m pilotage.simulation <dossier> --communes N --graine S`."""

from pathlib import Path
from typing import Annotated

import typer

from pilotage.errors import ErreurPilotage
from pilotage.simulation import write_simulation


def main(
    dossier: Annotated[Path, typer.Argument(help="Dossier vide, ou qui contient déjà une simulation.")],
    communes: Annotated[int, typer.Option(help="Nombre de communes au code officiel 2025.")] = 1200,
    graine: Annotated[int, typer.Option(help="Graine des tirages.")] = 2026,
) -> None:
    """Écrit une France simulée dans les formats de chaque producteur."""
    try:
        m = write_simulation(dossier, communes, graine)
    except ErreurPilotage as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    verbe = "déjà là, inchangée" if m.inchange else "écrite"
    bilan = f"{m.fichiers} fichiers, {m.octets / 1e6:.1f} Mo, {m.secondes:.1f} s"
    typer.echo(f"Données simulées : {m.communes} communes, graine {m.graine}, {verbe} ({bilan}) dans {m.dossier}")


if __name__ == "__main__":
    typer.run(main)
