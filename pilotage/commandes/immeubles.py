"""`pilotage immeubles`: reduce building-level files of fibre out of the warehouse, and simulate such files."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(help="Les fichiers d'immeubles de la fibre : les réduire hors de PostgreSQL, en simuler.")


@app.command()
def reduire(
    fichiers: Annotated[list[Path], typer.Argument(help="CSV ou zips de l'Arcep, ou dossiers de Parquet.")],
    communes: Annotated[Path, typer.Option(help="Code officiel de l'Insee (colonnes COM et TYPECOM).")],
    sortie: Annotated[Path | None, typer.Option(help="Dossier où laisser aussi les tables (CSV et Parquet).")] = None,
    moteur: Annotated[str, typer.Option(help="duckdb ou spark.")] = "duckdb",
    memoire: Annotated[str, typer.Option(help="Mémoire de DuckDB ; au-delà il déborde sur le disque.")] = "1500MB",
    grappe: Annotated[str, typer.Option(help="Maître de Spark : local[2], local-cluster[2,1,1024], spark://…")] = (
        "local[2]"
    ),
    deposer: Annotated[bool, typer.Option(help="Mettre le fait réduit au dépôt, avec son reçu.")] = True,
) -> None:
    """Réduit des fichiers d'immeubles au fait commune × état × opérateur × trimestre, et le met au dépôt."""
    from pilotage.config import get_settings
    from pilotage.errors import ErreurConfiguration
    from pilotage.immeubles.reduction import land_reduction, reduce_files

    if moteur not in ("duckdb", "spark"):
        raise ErreurConfiguration(f"moteur « {moteur} »", attendu="duckdb ou spark")
    console = Console(soft_wrap=True, highlight=False)
    with tempfile.TemporaryDirectory(prefix="immeubles_") as name:
        options = ["--memoire", memoire, "--grappe", grappe]
        done = reduce_files(fichiers, communes, sortie or Path(name), moteur, options)
        if deposer:
            done = land_reduction(get_settings(), done, fichiers, moteur)
    console.print(f"Trimestres : {', '.join(done.trimestres)} ; lignes : {done.mesures['lignes']}")
    console.print(f"Modèles : {done.mesures['modeles_s']} s ({moteur})")
    for landed in done.livraisons:
        console.print(f"au dépôt : {landed}")
    if done.livraisons:
        console.print("`python -m pilotage charger arcep__immeubles` le charge dans l'entrepôt.")


@app.command()
def simuler(
    dossier: Annotated[Path, typer.Argument(help="Dossier vide, ou d'une simulation d'immeubles.")],
    immeubles: Annotated[int, typer.Option(help="Lignes, tous trimestres compris.")] = 100_000,
    communes: Annotated[int, typer.Option(help="Communes du territoire simulé.")] = 1200,
    graine: Annotated[int, typer.Option(help="Graine des tirages.")] = 2026,
    trimestres: Annotated[str, typer.Option(help="Trimestres, séparés par des virgules.")] = "2026T2",
    csv: Annotated[bool, typer.Option(help="Écrire aussi les CSV, à côté des Parquet.")] = True,
) -> None:
    """Écrit des fichiers d'immeubles simulés, fautes comprises, lot par lot."""
    from pilotage.immeubles.simulation import simulate

    done = simulate(immeubles, communes, graine, dossier, tuple(trimestres.split(",")), csv)
    Console(highlight=False).print(f"[bold white on red] DONNÉES SIMULÉES [/] {done.lignes} lignes dans {done.dossier}")
