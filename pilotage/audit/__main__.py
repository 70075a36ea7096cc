"""`python -m pilotage.audit`: locks, environment, advisories; what was not looked at is said."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pilotage.audit import ACCEPTES, ErreurAudit
from pilotage.audit.avis import match, read_accepted, read_advisories, split_accepted
from pilotage.audit.nomenclature import write_bill
from pilotage.audit.verrous import Paquet, check_environment, find_yanked, read_locks

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
console = Console(soft_wrap=True, highlight=False, markup=False)


@app.command()
def auditer(
    avis: Annotated[Path | None, typer.Option(help="Dossier ou zip d'avis OSV ; sinon PILOTAGE_AVIS.")] = None,
    nomenclature: Annotated[Path | None, typer.Option(help="Écrire ici la nomenclature CycloneDX.")] = None,
    registre: Annotated[bool, typer.Option(help="Demander au registre les versions retirées.")] = False,
    hors_ligne: Annotated[bool, typer.Option(help="Verrous, environnement et acceptations seulement.")] = False,
) -> None:
    """Vérifie les dépendances ; échoue (1) sur un problème, (2) quand aucun avis n'a pu être regardé."""
    packages, problems = read_locks()
    console.print(f"Verrous : {len(packages)} lignes lues.")
    problems += check_environment(packages)
    accepted = read_accepted(ACCEPTES)
    problems += split_accepted([], accepted, dt.date.today())[2]
    if nomenclature:
        console.print(f"Nomenclature : {write_bill(packages, nomenclature)} composants dans {nomenclature}.")
    if registre:
        problems += _ask_registry()
    blind = False
    if not hors_ligne:
        place = avis or (Path(given) if (given := os.environ.get("PILOTAGE_AVIS")) else None)
        found, blind = _look(packages, place)
        standing, borne, _ = split_accepted(found, accepted, dt.date.today())
        problems += map(str, standing)
        for one in borne:
            console.print(f"Accepté : {one}")
    for problem in problems:
        console.print(f"- {problem}")
    if problems:
        raise ErreurAudit(
            f"{len(problems)} problèmes de dépendances", conseil="mettre à jour les verrous (`make lock`)"
        )
    if blind:
        raise typer.Exit(2)


def _look(packages: list[Paquet], place: Path | None) -> tuple[list, bool]:
    """Findings, and True when at least one ecosystem of ours was not looked at; says what was."""
    if place is None or not place.exists():
        where = f"{place} est absent" if place else "PILOTAGE_AVIS n'est pas donné"
        console.print(f"AUCUN AVIS REGARDÉ : {where}. Rien ne dit que ces dépendances sont sans faille connue.")
        return [], True
    found, count, ecosystems = match(packages, read_advisories(place))
    console.print(f"Avis regardés : {count}, des écosystèmes {', '.join(sorted(ecosystems)) or 'aucun'}.")
    missing = sorted({p.ecosysteme for p in packages} - ecosystems)
    for one in missing:
        console.print(f"AUCUN AVIS {one} REGARDÉ : rien ne dit que ces paquets sont sans faille connue.")
    return found, bool(missing)


def _ask_registry() -> list[str]:
    yanked, silent = find_yanked(uv=shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv")
    for words in silent:
        console.print(f"VERSIONS RETIRÉES NON VÉRIFIÉES : {words}")
    if not silent:
        console.print("Versions retirées : le registre a répondu pour tous les verrous.")
    return yanked


def main() -> None:
    """Run the command; a known error is one sentence."""
    try:
        app()
    except ErreurAudit as error:
        console.print(f"Erreur : {error}")
        sys.exit(1)


if __name__ == "__main__":
    main()
