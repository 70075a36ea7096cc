"""The drill: back up, lose everything in a home made for it, recover by the very commands, compare, and time it all.

The warehouse in service is only read. What is lost is lost in a temporary home beside, with a server of its own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pilotage import postgres
from pilotage.config import RACINE, Settings
from pilotage.database import psycopg_connection
from pilotage.sauvegarde import ErreurSauvegarde
from pilotage.sauvegarde.ecriture import write_backup
from pilotage.sauvegarde.empreintes import differences, fingerprint
from pilotage.sauvegarde.manifeste import Manifeste

OUBLIEES = (
    "DATABASE_URL",
    "PILOTAGE_CHARGEUR_URL",
    "PILOTAGE_LECTEUR_URL",
    "PILOTAGE_POSTGRES_DIR",
    "PILOTAGE_MAGASIN",
)
PHASE = re.compile(r"^(.+) : ([\d.]+) s$", re.MULTILINE)
JOURNAL = "SELECT livraison, etat FROM pilotage.livraisons"


@dataclass
class Essai:
    """One loss: what was typed, how long it took, what it gave."""

    perte: str
    commande: str
    secondes: float
    reussi: bool
    constat: str
    phases: dict[str, float] = field(default_factory=dict)


@dataclass
class Exercice:
    """The whole drill. `livraisons_perdues` is the RPO, counted in deliveries that the journal had acknowledged."""

    generation: str
    livraisons: int
    fichiers: int
    octets: int
    tables: int
    lignes: int
    sauvegarde_s: float
    livraisons_perdues: int = 0
    essais: list[Essai] = field(default_factory=list)

    @property
    def reussi(self) -> bool:
        return not self.livraisons_perdues and all(essai.reussi for essai in self.essais)


class Terrain:
    """A temporary home and the commands run in it."""

    def __init__(self, settings: Settings, travail: Path) -> None:
        self.travail, self.accueil, self.copies = travail, travail / "accueil", travail / "sauvegardes"
        given = {name: value for name, value in os.environ.items() if name not in OUBLIEES}
        self.environment = {
            **given,
            "PILOTAGE_HOME": str(self.accueil),
            "PILOTAGE_APPORTS": str(travail / "apports"),
            "PILOTAGE_SOURCES": "internet" if settings.sources == "internet" else settings.mirror,
            "PYTHONPATH": str(RACINE),
        }
        self.accueil.mkdir(mode=0o755)
        key = settings.home / "oppositions_cle"  # kept apart from backups: whoever restores gives it back first
        if key.exists():
            shutil.copy2(key, self.accueil)
        self.settings = settings.model_copy(
            update={"home_env": self.accueil, "database_url_env": None, "postgres_dir": None, "chargeur_url": None}
        )

    def run(self, *arguments: str | Path) -> tuple[int, str, float]:
        """Code, output and seconds of `pilotage …` here."""
        command = [sys.executable, "-m", "pilotage", *map(str, arguments)]
        start = time.monotonic()
        done = subprocess.run(
            command, cwd=RACINE, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        return done.returncode, done.stdout + done.stderr, time.monotonic() - start

    def lose_database(self) -> None:
        postgres.stop(self.settings)
        shutil.rmtree(postgres.postgres_dir(self.settings))

    def close(self) -> None:
        postgres.stop(self.settings)
        folder = postgres.postgres_dir(self.settings)
        if not folder.is_relative_to(self.travail):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(self.travail, ignore_errors=True)


def run_drill(
    settings: Settings,
    console: Console,
    dossier: Path | None = None,
    *,
    tout: bool = False,
    rapport: Path | None = None,
) -> bool:
    """Prove that what is in service comes back, and say how long it takes.

    Args:
        dossier: where the temporary home is made; the system's temporary folder by default.
        tout: restore the whole database instead of building it again.
        rapport: where the figures go, as JSON.

    Returns:
        True when nothing was lost and every table came back equal.

    Raises:
        ErreurSauvegarde: there is nothing to compare yet.
    """
    travail = Path(tempfile.mkdtemp(prefix="pilotage-exercice-", dir=dossier))
    travail.chmod(0o755)  # root's server runs as another user
    terrain = Terrain(settings, travail)
    try:
        done = _drill(settings, terrain, console, tout)
    finally:
        terrain.close()
    _say(console, done)
    if rapport:
        rapport.write_text(json.dumps(asdict(done), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return done.reussi


def _drill(settings: Settings, terrain: Terrain, console: Console, tout: bool) -> Exercice:
    before, known = _read(settings)
    if not before:
        raise ErreurSauvegarde("aucune génération n'est visible : rien à comparer", conseil="`make run` d'abord")
    console.print(f"Sauvegarde de {len(before)} tables publiées dans {terrain.copies}…")
    start = time.monotonic()
    manifeste = write_backup(settings, terrain.copies, tout=tout).manifeste
    done = Exercice(
        manifeste.generation or "—", len(known), len(manifeste.depot), manifeste.octets, len(before),
        sum(rows for rows, _ in before.values()), round(time.monotonic() - start, 1),
    )  # fmt: skip
    for loss in (_lose_all, _lose_file, _lose_landing, _lose_database):
        console.print(f"{loss.__doc__}…")
        essai = loss(terrain, before, manifeste)
        done.essais.append(essai)
        console.print(f"  {'revenu' if essai.reussi else 'ÉCHEC'} en {essai.secondes:.1f} s : {essai.constat}")
        if loss is _lose_all:
            _, found = _read(terrain.settings) if essai.reussi else ({}, {})
            done.livraisons_perdues = len(known.keys() - found.keys())
            if not essai.reussi:
                break  # the other losses are tried in the home that this one gives
    return done


def _lose_all(terrain: Terrain, before: dict, manifeste: Manifeste) -> Essai:
    """Base et dépôt perdus, une sauvegarde"""
    return _recover(terrain, before, "base et dépôt", "restaurer", terrain.copies)


def _lose_file(terrain: Terrain, before: dict, manifeste: Manifeste) -> Essai:
    """Un fichier du dépôt abîmé"""
    place = max(manifeste.depot, key=lambda part: part.octets).chemin
    victim = terrain.accueil / "depot" / place
    victim.chmod(0o644)
    with victim.open("r+b") as stream:
        byte = stream.read(1)
        stream.seek(0)
        stream.write(bytes([byte[0] ^ 0xFF]))
    code, told, _ = terrain.run("depot", "verifier")
    named = code == 1 and f"abîmé {place}" in told
    code, told, seconds = terrain.run("depot", "verifier", "--depuis", terrain.copies)
    verdict = f"nommé par `depot verifier` : {'oui' if named else 'non'} ; remis : {'oui' if code == 0 else 'non'}"
    return Essai("un fichier du dépôt", "depot verifier --depuis", round(seconds, 1), named and code == 0, verdict)


def _lose_landing(terrain: Terrain, before: dict, manifeste: Manifeste) -> Essai:
    """Dépôt perdu, base intacte"""
    (terrain.accueil / "depot").rename(terrain.travail / "depot_perdu")
    code, told, _ = terrain.run("depot", "verifier", "--amont")
    absent, offered = told.count("absent "), told.count("encore offert")
    gone = re.findall(r"^\s*(\S+) : plus offert", told, re.MULTILINE)
    back, _, seconds = terrain.run("depot", "verifier", "--depuis", terrain.copies)
    verdict = f"{absent} livraisons nommées absentes, dont {offered} encore offertes par l'amont"
    verdict += f" et {len(gone)} qui ne le sont plus" if gone else ""
    told_right = code == 1 and absent > 0
    return Essai("dépôt", "depot verifier --depuis", round(seconds, 1), told_right and back == 0, verdict)


def _lose_database(terrain: Terrain, before: dict, manifeste: Manifeste) -> Essai:
    """Base perdue, dépôt intact, sans la sauvegarde"""
    terrain.lose_database()
    return _recover(terrain, before, "base, sans sauvegarde", "depot", "reprendre")


def _recover(terrain: Terrain, before: dict, perte: str, *command: str | Path) -> Essai:
    code, told, seconds = terrain.run(*command)
    said = " ".join(str(part) for part in command if not isinstance(part, Path))
    if code:
        return Essai(perte, said, round(seconds, 1), False, told.strip()[-600:])
    after, _ = _read(terrain.settings)
    found = differences(before, after)
    verdict = f"{len(after)} tables, toutes égales" if not found else " | ".join(found[:10])
    phases = {name: float(value) for name, value in PHASE.findall(told)}
    return Essai(perte, said, round(seconds, 1), not found, verdict, phases)


def _read(settings: Settings) -> tuple[dict[str, tuple[int, str]], dict[str, str]]:
    with psycopg_connection(settings) as connection:
        return fingerprint(connection), dict(connection.execute(JOURNAL).fetchall())


def _say(console: Console, done: Exercice) -> None:
    console.print(
        f"{done.generation} : {done.tables} tables, {done.lignes} lignes ; au dépôt {done.fichiers} fichiers "
        f"({done.octets / 1e6:.1f} Mo) ; sauvegarde en {done.sauvegarde_s:.1f} s."
    )
    table = Table(title="Ce qui a été perdu, et comment c'est revenu")
    for title in ("Perte", "Commande", "RTO (s)", "Résultat", "Constat"):
        table.add_column(title)
    for essai in done.essais:
        outcome = "[green]revenu[/]" if essai.reussi else "[red]ÉCHEC[/]"
        detail = "".join(f"\n{name} : {seconds:.1f} s" for name, seconds in essai.phases.items())
        table.add_row(essai.perte, essai.commande, f"{essai.secondes:.1f}", outcome, essai.constat + detail)
    console.print(table)
    console.print(
        f"RPO : {done.livraisons_perdues} livraisons perdues sur {done.livraisons} que le journal connaissait."
    )
