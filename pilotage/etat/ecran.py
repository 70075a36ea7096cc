"""The state on one screen of eighty columns: verdicts first, then what is behind those that are not well."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pilotage.etat.jugement import ATTENTION, BIEN, CRITIQUE, INCONNU, MOTS, Verdict, plural, size
from pilotage.etat.machine import PARIS
from pilotage.etat.modele import ARRETEE, Etape, Nuit, Releve, Source

STYLES = {BIEN: "green", ATTENTION: "yellow", CRITIQUE: "bold red", INCONNU: "magenta"}
TITRES = {
    "base": "Base",
    "airflow": "Airflow",
    "nuit": "Dernière nuit",
    "fraicheur": "Fraîcheur",
    "generation": "Génération",
    "portes": "Portes",
    "quarantaine": "Quarantaine",
    "disque": "Disque",
    "alertes": "Alertes",
}
ORDRE = ("fetch", "load", "gate", "conclure", "generation", "build", "recommander", "basculer", "exporter")
LIGNES = 8  # of a list that is not unfolded


def print_etat(releve: Releve, verdicts: list[Verdict], code: int, console: Console, *, tout: bool = False) -> None:
    """Show everything; lists beyond eight lines are folded unless `tout`."""
    nature = " — [bold yellow]données simulées[/]" if releve.simulee else ""
    console.print(f"[{STYLES[code]}]{MOTS[code]}[/]  Pilotage, {paris(releve.quand)}{nature}", highlight=False)
    console.print(f"[dim]{escape(releve.home)}[/]", highlight=False, overflow="ellipsis", no_wrap=True)
    if releve.de_memoire and releve.entrepot:
        why = "est arrêtée" if releve.base == ARRETEE else "ne répond pas"
        console.print(f"[dim]La base {why} : dernier état connu, du {paris(releve.entrepot.lu_le)}.[/]")
    grid = Table.grid(padding=(0, 1))
    for verdict in verdicts:
        word = f"[{STYLES[verdict.niveau]}]{MOTS[verdict.niveau]}[/]"
        grid.add_row(word, f"[bold]{TITRES[verdict.partie]}[/]", escape(verdict.message))
    console.print(grid)
    console.print(f"Prochaine nuit : {_next(releve)}", highlight=False)
    if releve.entrepot:
        _print_night(releve.entrepot.nuit, console, tout)
        _print_sources(releve.entrepot.sources, releve.entrepot.jamais_recues, console, tout)
        _print_rest(releve, console, tout)
    _print_disk(releve, console)


def _next(releve: Releve) -> str:
    if releve.prochaine is None:
        return "à la main seulement (PILOTAGE_CRON est vide)"
    runs = "" if releve.airflow.etat == "répond" else ", si Airflow tourne alors"
    return f"{paris(releve.prochaine)}, heure de Paris{runs}"


def _print_night(night: Nuit | None, console: Console, tout: bool) -> None:
    if night is None:
        return
    console.print(
        f"\n[bold]Nuit {escape(night.nom)}[/], {paris(night.debut)}, {duration(night.secondes)}", highlight=False
    )
    table = Table(box=None, pad_edge=False)
    table.add_column("étape")
    for head in ("réussies", "inchangées", "échecs", "en cours", "lignes", "durée"):
        table.add_column(head, justify="right")
    for name in sorted({step.etape for step in night.etapes}, key=_rank):
        steps = [step for step in night.etapes if step.etape == name]
        counts = [
            sum(s.etat == state for s in steps) for state in ("reussie", "sans_changement", "echouee", "en_cours")
        ]
        rows = [step.lignes for step in steps if step.lignes is not None]
        shown = [f"{n:,}".replace(",", " ") if n else "" for n in counts]
        shown[2] = f"[bold red]{shown[2]}[/]" if counts[2] else ""
        total = f"{sum(rows):,}".replace(",", " ") if rows else ""
        table.add_row(name, *shown, total, duration(sum(step.secondes for step in steps)))
    console.print(table)
    _fold([_failure(step) for step in night.echecs], console, tout, "échecs")


def _failure(step: Etape) -> str:
    reason = " ".join((step.message or "sans message").split())
    return f"[red]✗[/] {step.etape} {escape(step.objet)} : {escape(reason)}"


def _print_sources(sources: list[Source], never: list[str], console: Console, tout: bool) -> None:
    late = sorted((s for s in sources if s.retard_jours), key=lambda s: -s.retard_jours)
    others = [s for s in sources if not s.retard_jours]
    shown = [*late, *others] if tout else late[:LIGNES]
    if shown:
        console.print("\n[bold]Sources[/], les plus en retard d'abord")
        table = Table(box=None, pad_edge=False)
        for head, justify in (("source", "left"), ("millésime", "left"), ("âge", "right"), ("retard", "right")):
            table.add_column(head, justify=justify, overflow="ellipsis", no_wrap=True)
        for source in shown:
            lag = f"[yellow]{source.retard_jours} j[/]" if source.retard_jours else ""
            lag = f"{lag} refusée" if source.etat.endswith("refusée") else lag
            table.add_row(source.source, source.millesime, f"{source.age_jours} j", lag)
        console.print(table)
    folded = len(late) + len(others) - len(shown)
    if folded or never:
        parts = [f"{folded} autres" if folded else "", f"{len(never)} jamais reçues" if never else ""]
        names = f" : {', '.join(never)}" if tout and never else ""
        console.print(
            f"[dim]… {', '.join(filter(None, parts))}{names}{'' if tout else ' (--tout)'}[/]", highlight=False
        )


def _print_rest(releve: Releve, console: Console, tout: bool) -> None:
    entrepot = releve.entrepot
    former = [g.generation for g in entrepot.generations if g.etat == "precedente"]
    if former:
        console.print(f"\nGénérations gardées pour un retour : {', '.join(former)}", highlight=False)
    missed = [s for s in entrepot.suites if s.bloquantes or s.signalees]
    lines = [f"{s.suite} : {s.bloquantes} non tenues, {s.signalees} avec des lignes fautives" for s in missed]
    _fold([escape(line) for line in lines], console, tout, "suites", "Portes, attentes non tenues")
    refused = [f"{r.source} {r.fichier} : {' '.join(r.motif.split())}" for r in entrepot.refus]
    _fold([f"[red]✗[/] {escape(line)}" for line in refused], console, tout, "livraisons", "Livraisons refusées")
    aside = [
        f"{q.source} : {plural(q.lignes, 'ligne')} depuis le {q.plus_ancienne:%d/%m/%Y}" for q in entrepot.quarantaine
    ]
    _fold([escape(line) for line in aside], console, tout, "sources", "Quarantaine")


def _print_disk(releve: Releve, console: Console) -> None:
    parts = ", ".join(
        f"{name} {size(n)}" for name, n in sorted(releve.disque.parties.items(), key=lambda i: -i[1]) if n
    )
    console.print(f"\nDisque : {parts or 'rien encore'}", highlight=False)


def _fold(lines: Iterable[str], console: Console, tout: bool, what: str, title: str | None = None) -> None:
    lines = list(lines)
    if lines and title:
        console.print(f"\n[bold]{title}[/]")
    for line in lines if tout else lines[:LIGNES]:
        console.print(line, highlight=False, no_wrap=not tout, overflow="ellipsis")
    if not tout and len(lines) > LIGNES:
        console.print(f"[dim]… {len(lines) - LIGNES} autres {what} (--tout)[/]", highlight=False)


def paris(moment: dt.datetime) -> str:
    return f"{moment.astimezone(PARIS):%d/%m/%Y %H:%M}"


def duration(seconds: float) -> str:
    """75.2 -> « 1 min 15 s »."""
    if seconds < 60:
        return f"{seconds:.1f} s".replace(".", ",")
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min {rest:02} s"


def _rank(step: str) -> tuple[int, str]:
    return (ORDRE.index(step) if step in ORDRE else len(ORDRE), step)
