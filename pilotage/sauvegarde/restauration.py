"""Restore a backup into what is empty; every part is read and found whole before anything is written."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text

from pilotage.config import Settings
from pilotage.database import get_engine, migrate, psycopg_connection
from pilotage.generations import SCHEMAS
from pilotage.landing import open_depot
from pilotage.nature import NAMES
from pilotage.revision import known_revisions
from pilotage.sauvegarde import ErreurSauvegarde
from pilotage.sauvegarde.accueil import read_home
from pilotage.sauvegarde.depot import check_landing, mend, share, unpack_receipts
from pilotage.sauvegarde.empreintes import count_tables
from pilotage.sauvegarde.manifeste import DEPOT, Manifeste, find_backup, verify_backup
from pilotage.sauvegarde.outils import run_tool
from pilotage.sauvegarde.reprise import RapportReprise, create_schemas, forget_tables, rebuild

OCCUPEE = text("SELECT nspname FROM pg_namespace WHERE nspname = ANY(:schemas) ORDER BY 1")
PROCESSUS = 2


@dataclass
class RapportRestauration:
    """What was restored; `laissees` stood already and were left, `ecarts` are tables whose rows differ from before."""

    manifeste: Manifeste
    remises: int = 0
    laissees: list[str] = field(default_factory=list)
    reprise: RapportReprise | None = None
    ecarts: dict[str, tuple[int, int]] = field(default_factory=dict)
    secondes: dict[str, float] = field(default_factory=dict)


def restore(
    settings: Settings, place: Path, *, garder_depot: bool = False, construire: bool = True
) -> RapportRestauration:
    """Bring a warehouse back from a backup.

    A backup of the whole database comes back as it was. One of the journal alone is followed by the loading, the
    judgment and the building of what the landing holds.

    Args:
        place: a backup, or a folder of backups (its newest one).
        garder_depot: the landing is not empty and is to be completed; none of its files is replaced.
        construire: False stops before loading (the next night does the rest).

    Raises:
        ErreurSauvegarde: a part is damaged, the database or the home is not empty, or the backup is of a later version.
    """
    folder = find_backup(place)
    steps: dict[str, float] = {}
    start = time.monotonic()
    manifeste = verify_backup(folder)
    steps["vérifier la sauvegarde"] = round(time.monotonic() - start, 1)
    _refuse_mixing(settings, manifeste)
    _refuse_full(settings, garder_depot)
    report = RapportRestauration(manifeste, secondes=steps)
    depot = open_depot(settings)
    start = time.monotonic()
    settings.landing.mkdir(parents=True, exist_ok=True)
    unpack_receipts(folder / "recus.tar.gz", depot)
    mended, _ = mend(depot, [folder.parent / DEPOT], check_landing(depot))
    share(depot, mended)
    report.remises = len(mended)
    report.laissees = read_home(settings, folder)
    steps["remettre le dépôt"] = round(time.monotonic() - start, 1)
    start = time.monotonic()
    _restore_database(settings, folder, manifeste)
    steps["remettre la base"] = round(time.monotonic() - start, 1)
    if manifeste.etendue == "journal":
        forget_tables(settings)
        if construire:
            report.reprise = rebuild(settings)
            steps |= report.reprise.secondes
    report.ecarts = compare_counts(settings, manifeste) if construire or manifeste.etendue == "tout" else {}
    return report


def compare_counts(settings: Settings, manifeste: Manifeste) -> dict[str, tuple[int, int]]:
    """Published tables whose rows are not as many as in the backup: name -> (before, now)."""
    with psycopg_connection(settings) as connection:
        now = count_tables(connection)
    before = manifeste.tables
    return {t: (before.get(t, 0), now.get(t, 0)) for t in sorted({*before, *now}) if before.get(t) != now.get(t)}


def _restore_database(settings: Settings, folder: Path, manifeste: Manifeste) -> None:
    common = ("--no-owner", "--no-acl", "--exit-on-error")
    if manifeste.etendue == "tout":
        run_tool(settings, "pg_restore", *common, f"--jobs={PROCESSUS}", folder / "base")
        _grant_reader(settings)
    else:
        run_tool(settings, "pg_restore", *common, "--single-transaction", folder / "journal.dump")
        create_schemas(settings)
    migrate(settings)


def _grant_reader(settings: Settings) -> None:
    """The reader's rights are not in a backup: he may not exist on this server."""
    from pilotage.lecteur import ensure_role, grant_visible

    with get_engine(settings).begin() as connection:
        if ensure_role(connection):
            present = connection.scalars(OCCUPEE, {"schemas": list(SCHEMAS)}).all()
            grant_visible(connection, list(present), [])


def _refuse_mixing(settings: Settings, manifeste: Manifeste) -> None:
    if manifeste.est_simulee != settings.is_simulation:
        raise ErreurSauvegarde(
            f"cette sauvegarde est de données {NAMES[manifeste.est_simulee]}, "
            f"PILOTAGE_SOURCES en désigne de {NAMES[settings.is_simulation]}",
            attendu="la même nature de données",
            conseil="donner le PILOTAGE_SOURCES de l'installation sauvegardée (fichier reglages.env de la sauvegarde)",
        )
    if manifeste.revision not in known_revisions():
        raise ErreurSauvegarde(
            f"sauvegarde de Pilotage {manifeste.version} (schéma {manifeste.revision}), plus récent que celui-ci",
            conseil=f"installer Pilotage {manifeste.version}, puis restaurer",
        )


def _refuse_full(settings: Settings, garder_depot: bool) -> None:
    """Nothing is ever restored over something.

    Raises:
        ErreurSauvegarde: the database has a warehouse, or the landing has files.
    """
    with get_engine(settings).connect() as connection:
        there = connection.scalars(OCCUPEE, {"schemas": ["pilotage", "raw", *SCHEMAS]}).all()
    if there:
        raise ErreurSauvegarde(
            f"la base n'est pas vide : elle a les schémas {', '.join(there)}",
            attendu="une base vide",
            conseil="un autre PILOTAGE_HOME ou un autre DATABASE_URL ; rien n'a été touché",
        )
    landed = next(settings.landing.glob("[!_.]*/*/*/*"), None) if settings.landing.exists() else None
    if landed and not garder_depot:
        raise ErreurSauvegarde(
            "le dépôt n'est pas vide",
            fichier=str(settings.landing),
            attendu="un dossier vide",
            conseil="un autre PILOTAGE_HOME, ou --garder-depot pour compléter celui-ci sans rien y remplacer",
        )
