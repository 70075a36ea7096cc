"""A reader who looks all along: one statement over every schema, the exports, the site; nothing half, nothing mixed."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psycopg

from pilotage.config import get_settings
from pilotage.generations import SCHEMAS

PERIODE_S = 0.03
LECTURES = "lectures de toutes les tables en une requête"
UN_PAR_SCHEMA = """
SELECT DISTINCT ON (schemaname) format('%%I.%%I', schemaname, tablename)
FROM pg_tables WHERE schemaname = ANY(%s) ORDER BY schemaname, tablename
"""
APPARTENANCE = """
SELECT c.oid, substring(n.nspname FROM '__(g[0-9]{8}t[0-9]{6}[a-z0-9]*)$')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname ~ '__g[0-9]{8}t[0-9]{6}'
UNION ALL
SELECT c.oid, (SELECT generation FROM pilotage.generations WHERE etat = 'visible')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname = ANY(%s)
"""


class Veilleur:
    """Polls from a process of its own until `stop`; what it saw is judged afterwards."""

    def __init__(self, rapport: Path) -> None:
        self.rapport = rapport
        self._over = multiprocessing.get_context("fork").Event()
        self._process: multiprocessing.process.BaseProcess | None = None

    def start(self) -> None:
        context = multiprocessing.get_context("fork")
        self._process = context.Process(target=_watch, args=(self.rapport, self._over), daemon=True)
        self._process.start()

    def stop(self) -> tuple[dict[str, int], list[str]]:
        """End the watch.

        Returns:
            Counts of what was looked at, and one sentence for each thing that no reader should have seen.
        """
        self._over.set()
        assert self._process is not None
        self._process.join(timeout=30)
        told = json.loads(self.rapport.read_text(encoding="utf-8"))
        return told["comptes"], told["entrevues"]


def _watch(rapport: Path, over) -> None:
    os.environ["PGCONNECT_TIMEOUT"] = "3"
    counts: Counter[str] = Counter()
    seen: list[str] = []
    owners: dict[int, str] = {}
    mixes: Counter[tuple[int, ...]] = Counter()
    connection, tables, last = None, [], 0.0
    while not over.is_set():
        time.sleep(PERIODE_S)
        try:
            if connection is None or connection.closed:
                connection, tables = _open(), []
            if time.monotonic() - last > 0.3:
                _learn(connection, owners)
                last = time.monotonic()
            if not tables:
                tables = [name for (name,) in connection.execute(UN_PAR_SCHEMA, (list(SCHEMAS),))]
                if len(tables) < len(SCHEMAS):
                    tables = []
                    continue
            parts = ", ".join(f"(SELECT tableoid::bigint FROM {name} LIMIT 1)" for name in tables)
            mixes[tuple(oid for oid in connection.execute(f"SELECT {parts}").fetchone() if oid)] += 1
            counts[LECTURES] += 1
        except psycopg.errors.UndefinedTable as error:
            if tables:
                seen.append(f"table visible absente : {str(error).splitlines()[0]}")
            tables = []
        except (psycopg.OperationalError, psycopg.InterfaceError, OSError):
            counts["lectures pendant que le serveur était arrêté ou coupé"] += 1
            connection = None
        seen += _look_at_files(counts)
    with suppress(psycopg.Error):
        connection = _open()
        _learn(connection, owners)
    for oids, times in mixes.items():
        shown = {owners[oid] for oid in oids if oid in owners}
        if len(shown) > 1:
            seen.append(f"{times} lecture(s) de plusieurs générations à la fois : {sorted(shown)}")
    content = {"comptes": dict(counts), "entrevues": sorted(set(seen))}
    rapport.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _open() -> psycopg.Connection:
    url = get_settings().database_url.replace("+psycopg", "")
    return psycopg.connect(url, autocommit=True, application_name="epreuves-lecteur")


def _learn(connection: psycopg.Connection, owners: dict[int, str]) -> None:
    """Which generation each table belongs to, as first seen: it keeps its identifier whatever its schema's name."""
    for oid, generation in connection.execute(APPARTENANCE, (list(SCHEMAS),)):
        if generation:
            owners.setdefault(oid, generation)


def _look_at_files(counts: Counter[str]) -> list[str]:
    """The exports and the site that are shown are whole, and each of one generation."""
    settings, seen = get_settings(), []
    latest = settings.exports / "derniere"
    if latest.is_symlink():
        counts["regards sur les exports"] += 1
        folder = latest.resolve()
        if not (folder / "SHA256SUMS").exists() and latest.resolve() == folder and folder.exists():
            seen.append(f"export montré incomplet : {folder.name}")
        if not folder.exists() and latest.is_symlink() and latest.resolve() == folder:
            seen.append(f"export montré absent : {folder.name}")
    site = settings.publication / "site"
    if counts["regards sur le site"] or site.exists():
        counts["regards sur le site"] += 1
        if not (site / "index.html").exists() or not (site / "GENERATION").exists():
            seen.append("site montré absent ou incomplet")
    return seen
