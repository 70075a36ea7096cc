"""`pilotage sauvegarder`, `pilotage restaurer`: keep, list, check, bring back, and the drill."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from typer.core import TyperGroup

console = Console(soft_wrap=True, highlight=False)
Lieu = Annotated[Path | None, typer.Argument(help="Dossier des sauvegardes ; PILOTAGE_SAUVEGARDES par défaut.")]


class Groupe(TyperGroup):
    """A group whose first word may be a folder: `sauvegarder /mnt/disque` is `sauvegarder ecrire /mnt/disque`."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["ecrire", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=Groupe, help="Les sauvegardes : les faire, les lister, les vérifier, s'exercer à restaurer.")


@app.command()
def ecrire(
    dossier: Lieu = None,
    tout: Annotated[bool, typer.Option("--tout", help="La base entière aussi : rien ne sera à reconstruire.")] = False,
    garder: Annotated[int | None, typer.Option(min=1, help="Nombre de sauvegardes gardées ; toutes sinon.")] = None,
    liens: Annotated[
        bool, typer.Option("--liens", help="Des liens plutôt que des copies, sur le même disque.")
    ] = False,
) -> None:
    """Sauvegarde ce qui ne se reconstruit pas et le dépôt (commande par défaut)."""
    from pilotage.config import get_settings
    from pilotage.sauvegarde.ecriture import write_backup

    settings = get_settings()
    report = write_backup(settings, _place(dossier), tout=tout, garder=garder, liens=liens)
    manifeste = report.manifeste
    for warning in report.avertissements:
        console.print(f"[yellow]{warning}[/]")
    rows = sum(manifeste.lignes.values())
    console.print(
        f"[bold]{report.dossier}[/] : {len(manifeste.depot)} fichiers du dépôt ({size(report.octets_ecrits)} écrits, "
        f"{size(manifeste.octets)} en tout), {rows} lignes de journal, étendue « {manifeste.etendue} »."
    )
    for name in report.supprimees:
        console.print(f"Supprimée : {name}")
    if report.dossier.stat().st_dev == settings.landing.stat().st_dev:
        console.print("[yellow]Même disque que le dépôt : en garder aussi une copie ailleurs.[/]")


@app.command()
def lister(dossier: Lieu = None) -> None:
    """Liste les sauvegardes d'un dossier, la plus récente en dernier."""
    from pilotage.sauvegarde.manifeste import list_backups, read_manifeste

    for folder in list_backups(_place(dossier)):
        m = read_manifeste(folder)
        lost = f", {len(m.manquantes)} manquantes" if m.manquantes else ""
        console.print(
            f"{m.nom} : {m.faite_le} (UTC), Pilotage {m.version}, étendue « {m.etendue} », génération "
            f"{m.generation or '—'}, {len(m.depot)} fichiers{lost}, {size(m.octets)}"
        )


@app.command()
def verifier(dossier: Lieu = None) -> None:
    """Relit une sauvegarde entière et compare chaque fichier à son empreinte."""
    from pilotage.sauvegarde.manifeste import find_backup, verify_backup

    folder = find_backup(_place(dossier))
    manifeste = verify_backup(folder)
    count = len(manifeste.morceaux) + len(manifeste.depot)
    console.print(f"{folder} : {count} fichiers relus, tous entiers ({size(manifeste.octets)}).")


@app.command()
def exercice(
    dossier: Annotated[Path | None, typer.Option(help="Où travailler ; un dossier temporaire sinon.")] = None,
    tout: Annotated[bool, typer.Option("--tout", help="Restaurer la base entière au lieu de la reconstruire.")] = False,
    rapport: Annotated[Path | None, typer.Option(help="Écrire les mesures dans ce fichier JSON.")] = None,
) -> None:
    """Sauvegarde, restaure à côté, compare table par table, essaie les pertes et mesure RPO et RTO."""
    from pilotage.config import get_settings
    from pilotage.sauvegarde.exercice import run_drill

    if not run_drill(get_settings(), console, dossier, tout=tout, rapport=rapport):
        raise typer.Exit(1)


def restaurer(
    dossier: Annotated[Path, typer.Argument(help="Une sauvegarde, ou un dossier de sauvegardes (la plus récente).")],
    garder_depot: Annotated[
        bool, typer.Option("--garder-depot", help="Compléter un dépôt qui n'est pas vide, sans rien y remplacer.")
    ] = False,
    construire: Annotated[bool, typer.Option(help="Charger et reconstruire aussitôt.")] = True,
) -> None:
    """Restaure une sauvegarde dans une base et un dossier vides, puis reconstruit l'entrepôt depuis le dépôt."""
    from pilotage import postgres
    from pilotage.config import get_settings, remember_sources
    from pilotage.sauvegarde.restauration import restore

    settings = get_settings()
    if not settings.database_url_env:
        postgres.start(settings)
    report = restore(settings, dossier, garder_depot=garder_depot, construire=construire)
    remember_sources(settings)
    for phase, seconds in report.secondes.items():
        console.print(f"{phase} : {seconds:.1f} s")
    for name in report.laissees:
        console.print(f"[yellow]{name} existait déjà et n'a pas été remplacé.[/]")
    for place in report.manifeste.manquantes:
        console.print(f"[yellow]{place} manquait déjà à la sauvegarde.[/]")
    for source, error in (report.reprise.erreurs if report.reprise else {}).items():
        console.print(f"[red]{source}[/] : {error}")
    for table, (before, now) in report.ecarts.items():
        console.print(f"[yellow]{table} : {before} lignes à la sauvegarde, {now} à présent[/]")
    if report.reprise and report.reprise.generation:
        console.print(f"Génération visible : [bold]{report.reprise.generation}[/]")
    console.print(f"Restaurée : {report.manifeste.nom}, {report.remises} fichiers remis au dépôt.")


def size(octets: int) -> str:
    return f"{octets / 1e9:.2f} Go" if octets >= 1e9 else f"{octets / 1e6:.1f} Mo"


def _place(dossier: Path | None) -> Path:
    from pilotage.config import get_settings

    return dossier.expanduser().resolve() if dossier else get_settings().sauvegardes
