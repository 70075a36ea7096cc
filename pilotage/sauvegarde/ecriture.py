"""Make a backup: one snapshot of the database, then the landing, then the rest; aside, and renamed when whole."""

from __future__ import annotations

import datetime as dt
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from pilotage import __version__
from pilotage.config import Settings
from pilotage.database import psycopg_connection
from pilotage.landing import open_depot, sync_to_disk
from pilotage.sauvegarde import ErreurSauvegarde
from pilotage.sauvegarde.accueil import write_home, write_settings
from pilotage.sauvegarde.depot import copy_to_store, gather_receipts, pack_receipts
from pilotage.sauvegarde.manifeste import DEPOT, FICHIER, SOMME, Manifeste, Morceau, hash_file, list_backups
from pilotage.sauvegarde.menage import prune
from pilotage.sauvegarde.outils import run_tool
from pilotage.sauvegarde.ranger import VERROU
from pilotage.verrou import locked

SCHEMAS = ("pilotage", "quarantaine")  # what no landing can give back
EN_SERVICE = (
    "SELECT source, millesime, sha256, fichier FROM pilotage.livraisons "
    "WHERE etat IN ('acceptee', 'candidate', 'recue')"
)
PROCESSUS = 2


@dataclass
class RapportSauvegarde:
    """What `write_backup` did; `octets_ecrits` are the landing's only, those that no former backup held."""

    dossier: Path
    manifeste: Manifeste
    octets_ecrits: int = 0
    supprimees: list[str] = field(default_factory=list)
    avertissements: list[str] = field(default_factory=list)
    secondes: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        start = time.monotonic()
        yield
        self.secondes[phase] = round(time.monotonic() - start, 2)


def write_backup(
    settings: Settings, place: Path, *, tout: bool = False, garder: int | None = None, liens: bool = False
) -> RapportSauvegarde:
    """Back the warehouse up into a folder of `place`, whatever server it is on.

    Nothing of a running night is stopped; with `tout`, a switch of generations waits for the end of the dump.

    Args:
        place: folder of backups, made if absent; never inside what Pilotage publishes or collects.
        tout: the whole database too, in parallel, so that nothing has to be built again.
        garder: how many backups stay there, this one included; all of them by default.
        liens: hard links to the landing instead of copies.

    Raises:
        ErreurSauvegarde: the place is refused, PostgreSQL's programs fail, or the disk is full; nothing half made stays
            under a backup's name.
    """
    refuse_place(settings, place)
    place.mkdir(parents=True, exist_ok=True)
    with locked(place / ".verrou"):
        name = _free_name(place)
        partial = place / f"{name}.partiel"
        partial.mkdir(mode=0o700)
        try:
            report = _write_parts(settings, place, partial, name, tout, liens)
            for path in sorted(partial.rglob("*"), reverse=True):
                sync_to_disk(path)
            sync_to_disk(partial)
            partial.rename(place / name)
            sync_to_disk(place)
        except OSError as error:
            raise ErreurSauvegarde(
                f"écriture impossible : {error}", fichier=str(partial), conseil="libérer de la place, puis relancer"
            ) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        report.dossier = place / name
        _point(place, name)
        if garder:
            report.supprimees = prune(place, garder)
    return report


def refuse_place(settings: Settings, place: Path) -> None:
    """Backups lie neither in the landing, which is read as a whole, nor in what the world is shown."""
    for folder in (settings.landing, settings.exports, settings.publication, settings.apports):
        if place.resolve().is_relative_to(folder.resolve()):
            raise ErreurSauvegarde(
                "une sauvegarde ne s'écrit pas ici",
                fichier=str(place),
                attendu=f"un dossier hors de {folder}",
                conseil="donner un dossier d'un autre disque",
            )


def _write_parts(
    settings: Settings, place: Path, folder: Path, name: str, tout: bool, liens: bool
) -> RapportSauvegarde:
    depot = open_depot(settings)
    with _snapshot(settings) as (connection, snapshot):
        manifeste = _read_facts(connection, name, tout)
        served = {"/".join(row) for row in connection.execute(EN_SERVICE)}
        report = RapportSauvegarde(folder, manifeste)
        with report.timed("journal"):
            _dump_journal(settings, snapshot, folder / "journal.dump")
        if tout:
            with report.timed("base"):
                _dump_database(settings, snapshot, folder / "base")
    with (
        report.timed("depot"),
        locked(settings.home / VERROU),
    ):  # after the snapshot: all that the journal acknowledges had landed before it
        gather_receipts(depot)
        manifeste.depot, bad, report.octets_ecrits = copy_to_store(depot, place / DEPOT, liens)
        pack_receipts(depot, folder / "recus.tar.gz")
    known = {part.chemin for part in manifeste.depot}
    manifeste.manquantes = sorted(served - known)
    lost = sorted({*bad, *manifeste.manquantes})
    report.avertissements = [f"{place} : perdu ou abîmé au dépôt, absent de la sauvegarde" for place in lost]
    with report.timed("accueil"):
        write_home(settings, folder)
        write_settings(settings, folder / "reglages.env")
    manifeste.morceaux = [
        Morceau(path.relative_to(folder).as_posix(), hash_file(path), path.stat().st_size)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in (FICHIER, SOMME)
    ]
    manifeste.write(folder)
    return report


@contextmanager
def _snapshot(settings: Settings) -> Iterator[tuple[psycopg.Connection, str]]:
    """A read-only view of one moment, which pg_dump shares; no generation is switched while it is looked at."""
    with psycopg_connection(settings) as connection:
        connection.execute("SELECT pg_advisory_lock_shared(hashtext('pilotage.generations'))")
        connection.commit()
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield connection, connection.execute("SELECT pg_export_snapshot()").fetchone()[0]


def _dump_database(settings: Settings, snapshot: str, target: Path) -> None:
    """The whole database by several processes; by one when a night that replaces a table is in their way."""
    options = ("--format=directory", f"--snapshot={snapshot}", "--no-acl", "--no-owner", "--file", target)
    try:
        run_tool(settings, "pg_dump", f"--jobs={PROCESSUS}", *options)
    except ErreurSauvegarde as error:
        if "could not obtain lock" not in str(error):
            raise
        shutil.rmtree(target)
        run_tool(settings, "pg_dump", *options)


def _dump_journal(settings: Settings, snapshot: str, target: Path) -> None:
    chosen = [f"--schema={schema}" for schema in SCHEMAS]
    run_tool(
        settings, "pg_dump", "--format=custom", f"--snapshot={snapshot}", "--no-owner", "--no-acl", *chosen,
        "--file", target,
    )  # fmt: skip


def _read_facts(connection: psycopg.Connection, name: str, tout: bool) -> Manifeste:
    try:
        revision = connection.execute("SELECT version_num FROM pilotage.version_alembic").fetchone()[0]
    except psycopg.errors.UndefinedTable as error:
        raise ErreurSauvegarde(
            "cette base n'a pas de schéma `pilotage` : il n'y a rien à sauvegarder", conseil="vérifier DATABASE_URL"
        ) from error
    nature = connection.execute("SELECT valeur FROM pilotage.reglages WHERE cle = 'est_simulee'").fetchone()
    seen = connection.execute(
        "SELECT generation, coalesce(statistiques, '{}') FROM pilotage.generations WHERE etat = 'visible'"
    ).fetchone()
    return Manifeste(
        nom=name,
        faite_le=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        version=__version__,
        revision=revision,
        est_simulee=bool(nature) and nature[0] == "true",
        etendue="tout" if tout else "journal",
        serveur=connection.execute("SHOW server_version").fetchone()[0],
        generation=seen[0] if seen else None,
        lignes=count_journal(connection),
        tables={table: n for table, n in seen[1].items() if isinstance(n, int)} if seen else {},
    )


def count_journal(connection: psycopg.Connection) -> dict[str, int]:
    """Rows of each table of the schema `pilotage`."""
    query = "SELECT tablename FROM pg_tables WHERE schemaname = 'pilotage' ORDER BY 1"
    names = [row[0] for row in connection.execute(query).fetchall()]
    count = sql.SQL("SELECT count(*) FROM {}")
    return {n: connection.execute(count.format(sql.Identifier("pilotage", n))).fetchone()[0] for n in names}


def _free_name(place: Path) -> str:
    for stale in place.glob("s*.partiel"):
        shutil.rmtree(stale, ignore_errors=True)  # we hold the lock: nobody is writing it
    moment = dt.datetime.now()
    last = max((path.name for path in list_backups(place)), default="")
    if f"s{moment:%Y%m%dt%H%M%S}" <= last:  # names tell the order: the newest backup never takes an older one's place
        moment = dt.datetime.strptime(last, "s%Y%m%dt%H%M%S") + dt.timedelta(seconds=1)
    return f"s{moment:%Y%m%dt%H%M%S}"


def _point(place: Path, name: str) -> None:
    link = place / ".derniere"
    link.unlink(missing_ok=True)
    link.symlink_to(name)
    link.replace(place / "derniere")
