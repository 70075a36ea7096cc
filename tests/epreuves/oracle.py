"""What must hold after a fault, found without the code under test: counts and contents against the landing.

The journal's own statements are not believed: rows are counted by reading the landed files again, and the content of
each table is compared with the one that a run without fault gave for the same deliveries.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from pilotage.catalogue import get_source
from pilotage.config import get_settings
from pilotage.generations import SCHEMAS
from pilotage.readers import describe, iter_records
from tests.epreuves.banc import Banc

CONTENU = (
    "SELECT count(*), coalesce(sum(hashtextextended((to_jsonb(t) - %s::text[])::text, 0)::numeric), 0)::text FROM {} t"
)
# Columns that tell when or by which run a row was made, or received, or that depend on the day: two runs without fault
# differ there too, and a file that comes back as it was is received again.
DE_CIRCONSTANCE = ["_livraison", "generation", "calcule_le", "construite_le", "recue_le", "est_perimee"]


@dataclass
class Constat:
    """What an inspection found; rows in excess and rows that lack, and sentences about what else is wrong."""

    perdues: int = 0
    doublees: int = 0
    anomalies: list[str] = field(default_factory=list)


class Oracle:
    """Remembers what each landed file holds and what each table held after a run without fault."""

    def __init__(self, banc: Banc) -> None:
        self.banc = banc
        self._lignes: dict[str, int] = {}
        self._contenus: dict[str, tuple[int, str]] = {}

    def inspect_raw(self, sources: list[str]) -> Constat:
        """Accepted deliveries against their landed files: as many rows in raw and quarantine as records."""
        constat = Constat()
        with self.banc.connection() as connection:
            for source in sources:
                self._inspect_source(connection, source, constat)
        return constat

    def _inspect_source(self, connection: psycopg.Connection, source: str, constat: Constat) -> None:
        accepted = connection.execute(
            "SELECT livraison, millesime, fichier, sha256, table_raw, coalesce(nb_quarantaine, 0) "
            "FROM pilotage.livraisons WHERE source = %s AND etat = 'acceptee' AND table_raw IS NOT NULL",
            (source,),
        ).fetchall()
        files = [(millesime, fichier) for _, millesime, fichier, *_ in accepted]
        for name in {one for one in files if files.count(one) > 1}:
            constat.anomalies.append(f"{source} : deux livraisons acceptées du même fichier {'/'.join(name)}")
        for livraison, millesime, fichier, sha, table, aside in accepted:
            partition = f"{table}__{livraison}"
            if connection.execute("SELECT to_regclass(%s)", (f'raw."{partition}"',)).fetchone()[0] is None:
                if self._count_file(source, millesime, fichier, sha) is not None:
                    constat.anomalies.append(f"{source} : {fichier} acceptée, absente de raw")
                    constat.perdues += self._count_file(source, millesime, fichier, sha) or 0
                continue
            expected = self._count_file(source, millesime, fichier, sha)
            rows, content = self._digest(connection, "raw", partition)
            found = rows + aside
            constat.perdues += max(0, (expected or 0) - found)
            constat.doublees += max(0, found - (expected or 0))
            key = f"raw:{livraison}"
            if self._contenus.setdefault(key, (rows, content)) != (rows, content):
                constat.anomalies.append(f"{source} : le contenu de {fichier} a changé pour la même livraison")
        known = {f"{table}__{livraison}" for livraison, *_, table, _ in accepted}
        for table in get_source(source).tables:
            attached = connection.execute(
                "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
                "JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace n ON n.oid = p.relnamespace "
                "WHERE n.nspname = 'raw' AND p.relname = %s",
                (table.table,),
            ).fetchall()
            for (name,) in attached:
                if name not in known:
                    rows, _ = self._digest(connection, "raw", name)
                    constat.doublees += rows
                    constat.anomalies.append(f"{source} : partition {name} attachée sans livraison acceptée")

    def _count_file(self, source: str, millesime: str, fichier: str, sha: str) -> int | None:
        """Records of a landed file, by Python's readers; None when the card leaves it aside."""
        key = f"{source}/{millesime}/{fichier}/{sha}"
        if key not in self._lignes:
            path = get_settings().landing / source / millesime / sha / fichier
            if hashlib.sha256(path.read_bytes()).hexdigest() != sha:
                raise AssertionError(f"{path} n'a plus son empreinte")
            livre = describe(get_source(source), millesime, path)
            if livre is None:
                return None
            self._lignes[key] = sum(1 for _ in iter_records(livre))
        return self._lignes[key]

    def inspect_generation(self, generation: str, schemas: list[str], version: str) -> Constat:
        """Tables of a generation (visible or not) against those of a run without fault on the same input.

        Args:
            version: names the input; the first inspection of a version is what the others are compared with.
        """
        constat = Constat()
        with self.banc.connection() as connection:
            visible = connection.execute(
                "SELECT generation FROM pilotage.generations WHERE etat = 'visible'"
            ).fetchone()
            suffix = "" if visible and visible[0] == generation else f"__{generation}"
            seen = set()
            for schema in schemas:
                tables = connection.execute(
                    "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", (schema + suffix,)
                ).fetchall()
                for (table,) in tables:
                    key = f"{version}:{schema}.{table}"
                    seen.add(key)
                    found = self._digest(connection, schema + suffix, table)
                    expected = self._contenus.setdefault(key, found)
                    constat.perdues += max(0, expected[0] - found[0])
                    constat.doublees += max(0, found[0] - expected[0])
                    if found != expected:
                        constat.anomalies.append(
                            f"{schema}.{table} : {found[0]} lignes, attendu {expected[0]}, ou autre contenu"
                        )
        wanted = {k for k in self._contenus if k.startswith(f"{version}:") and k.split(":")[1].split(".")[0] in schemas}
        constat.anomalies += [f"table absente : {key.split(':')[1]}" for key in sorted(wanted - seen)]
        return constat

    def inspect_leftovers(self) -> list[str]:
        """What a repaired warehouse must not keep: schemas of no kept generation, two visible ones, open drafts."""
        kept = self.banc.query(
            "SELECT generation FROM pilotage.generations WHERE etat IN ('visible', 'precedente', 'en_construction')"
        )
        names = {name for (name,) in kept}
        schemas = self.banc.query("SELECT nspname FROM pg_namespace WHERE nspname ~ '__g[0-9]{8}t[0-9]{6}'")
        left = [f"schéma oublié : {name}" for (name,) in schemas if name.rpartition("__")[2] not in names]
        plain = {name for (name,) in self.banc.query("SELECT nspname FROM pg_namespace")}
        if self.banc.query("SELECT 1 FROM pilotage.generations WHERE etat = 'visible'"):
            left += [f"schéma visible absent : {name}" for name in SCHEMAS if name not in plain]
        exports = self.banc.home / "exports"
        left += [f"brouillon d'export : {path.name}" for path in exports.glob("*.partiel")] if exports.is_dir() else []
        return left

    @staticmethod
    def _digest(connection: psycopg.Connection, schema: str, table: str) -> tuple[int, str]:
        statement = sql.SQL(CONTENU).format(sql.Identifier(schema, table))
        return connection.execute(statement, (DE_CIRCONSTANCE,)).fetchone()
