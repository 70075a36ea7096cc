"""Tell what the retention rules would throw away, then do it when told to: landing, logs, exports, quarantine."""

from __future__ import annotations

import datetime as dt
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
from psycopg import sql

from pilotage.config import Settings
from pilotage.database import psycopg_connection
from pilotage.export import is_generation
from pilotage.landing import Depot, Recu, open_depot
from pilotage.sauvegarde.accueil import REGISTRES
from pilotage.sauvegarde.depot import all_receipts, gather_receipts, place_of
from pilotage.sauvegarde.manifeste import hash_file
from pilotage.sauvegarde.rangement import Copie, removable
from pilotage.verrou import locked

DEBOUT = "('visible', 'precedente', 'candidate', 'en_construction', 'federee')"
FINIES = ("rejouee", "ecartee")
VERROU = "rangement.verrou"


@dataclass
class Plan:
    """What may go. `livraisons` are landed copies, `chemins` files and folders, `quarantaine` rows by source."""

    jours_depot: int | None
    jours_journaux: int
    livraisons: list[Copie] = field(default_factory=list)
    chemins: dict[str, list[Path]] = field(default_factory=dict)
    quarantaine: Counter[str] = field(default_factory=Counter)
    applique: bool = False

    @property
    def octets(self) -> int:
        return sum(copy.octets for copy in self.livraisons)


def tidy(settings: Settings, *, jours_depot: int | None = None, appliquer: bool = False, attendre: bool = True) -> Plan:
    """What the rules would throw away; with `appliquer`, throw it away.

    The landing is looked at only when a number of days is known (`jours_depot`, else PILOTAGE_DEPOT_JOURS).

    Args:
        attendre: a backup that reads the landing is waited for; False raises BlockingIOError instead.
    """
    plan = Plan(jours_depot or settings.depot_jours, settings.journaux_jours)
    with (
        locked(settings.home / VERROU, attendre=attendre),  # no backup is reading meanwhile
        psycopg_connection(settings) as connection,
    ):
        depot = open_depot(settings)
        if plan.jours_depot:
            plan.livraisons = _landed(depot, connection, plan.jours_depot, check=appliquer)
        standing = _standing(connection)
        plan.chemins = _old_paths(settings, standing, _served(connection))
        plan.quarantaine = _old_rows(connection, plan.jours_journaux, appliquer)
        if appliquer:
            going = {copy.livraison for copy in plan.livraisons}
            for recu in [recu for recu in all_receipts(depot) if recu.livraison in going]:
                _drop_copy(depot, recu)
            for paths in plan.chemins.values():
                for path in paths:
                    _drop(path)
            if plan.chemins.get("pages de contrôle"):
                _write_index(settings)
            plan.applique = True
    return plan


def _landed(depot: Depot, connection: psycopg.Connection, jours: int, check: bool) -> list[Copie]:
    """Copies of the landing that may go; before anything goes, those that would stay are read and found whole."""
    copies = list(_copies(depot, connection))
    opened = [row[0] for row in connection.execute(
        f"SELECT creee_le FROM pilotage.generations WHERE etat IN {DEBOUT}").fetchall()]  # fmt: skip
    now = dt.datetime.now(dt.UTC)
    going = removable(copies, opened, jours, now)
    if not going or not check:
        return going
    concerned = {copy.fichier for copy in going}
    recus = {recu.livraison: recu for recu in all_receipts(depot)}
    read = [_read(depot, c, recus[c.livraison]) if c.fichier in concerned else c for c in copies]
    return removable(read, opened, jours, now)


def _copies(depot: Depot, connection: psycopg.Connection) -> Iterator[Copie]:
    gather_receipts(depot)
    journal = {
        row[0]: row[1:]
        for row in connection.execute("SELECT livraison, etat, decidee_le FROM pilotage.livraisons").fetchall()
    }
    current = {recu.livraison for recu, is_current in depot.receipts() if is_current}
    for recu in all_receipts(depot):
        state, decided = journal.get(recu.livraison, (None, None))
        yield Copie(
            recu.livraison,
            (recu.source, recu.millesime, recu.fichier),
            dt.datetime.fromisoformat(recu.recu_le),
            recu.livraison in current,
            state,
            decided,
            recu.taille_octets,
            (depot.racine / place_of(recu)).is_file() or depot.magasin.partage,
        )


def _read(depot: Depot, copy: Copie, recu: Recu) -> Copie:
    path = depot.bring(recu, recu.sha256)
    return replace(copy, entiere=path.is_file() and hash_file(path) == recu.sha256)


def _drop_copy(depot: Depot, recu: Recu) -> None:
    path = depot.racine / place_of(recu)
    for one in (path.with_name(f"{path.name}.recu.json"), path):  # a receipt without bytes would name a loss
        depot.magasin.drop_tree(depot.magasin.relative(one))
        one.unlink(missing_ok=True)
    if path.parent.is_dir() and not any(path.parent.iterdir()):
        path.parent.rmdir()


def _old_paths(settings: Settings, standing: set[str], served: set[str]) -> dict[str, list[Path]]:
    limit = time.time() - settings.journaux_jours * 86400
    registers = {settings.home / name for name in REGISTRES}
    kept = standing | served
    runs = [*settings.home.glob("gx/resultats/*/*"), *settings.data_docs.glob("validations/*/*")]
    dropped = [p for p in _children(settings.exports) if is_generation(p.name) and p.name not in standing]
    latest = (settings.exports / "derniere").resolve()
    found = {
        "exports de générations supprimées": [p for p in dropped if p != latest],
        "constructions (dbt)": [
            p for p in _children(settings.dbt_target) if p.name.startswith("g2") and p.name not in standing
        ],
        "journaux et mesures": [p for p in settings.logs.rglob("*") if p.is_file() and p not in registers],
        "pages de contrôle": [p for p in runs if not any(name in p.name for name in kept)],
        "livraisons abîmées mises de côté": list(settings.landing.glob("*/*/*/*.abime")),
    }
    return {what: sorted(p for p in paths if p.stat().st_mtime < limit) for what, paths in found.items()}


def _children(folder: Path) -> list[Path]:
    return [p for p in folder.iterdir() if p.is_dir() and not p.is_symlink()] if folder.is_dir() else []


def _standing(connection: psycopg.Connection) -> set[str]:
    query = f"SELECT generation FROM pilotage.generations WHERE etat IN {DEBOUT}"
    return {row[0] for row in connection.execute(query).fetchall()}


def _served(connection: psycopg.Connection) -> set[str]:
    query = "SELECT livraison FROM pilotage.livraisons WHERE etat <> 'remplacee'"
    return {row[0] for row in connection.execute(query).fetchall()}


def _old_rows(connection: psycopg.Connection, jours: int, appliquer: bool) -> Counter[str]:
    """Quarantined rows that nothing can put back any more."""
    counts: Counter[str] = Counter()
    verb = "DELETE FROM {}" if appliquer else "SELECT FROM {}"
    names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'quarantaine' ORDER BY 1").fetchall()
    for (name,) in names:
        query = sql.SQL(verb + " WHERE etat = ANY(%s) AND mise_le < now() - make_interval(days => %s)")
        done = connection.execute(query.format(sql.Identifier("quarantaine", name)), (list(FINIES), jours))
        if done.rowcount:
            counts[name] = done.rowcount
    return counts


def _drop(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    parent = path.parent
    if parent.is_dir() and not any(parent.iterdir()):
        parent.rmdir()


def _write_index(settings: Settings) -> None:
    from pilotage.pages_controle import write_index

    write_index(settings.data_docs, settings.home / "gx" / "resultats")
