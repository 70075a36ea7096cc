"""What must hold after the night: nothing lost, nothing twice, the same warehouse as one machine makes."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from pilotage.catalogue import Fichier, get_source
from pilotage.generations import SCHEMAS

# Columns that tell when or by which run a row was made: two builds of the same input differ there by nature.
DATEES = ("generation", "id_calcul", "recue_le", "calculee_le", "publiee_le", "chargement_s")
TABLES = """
SELECT table_schema, table_name FROM information_schema.tables
WHERE table_schema = ANY(%s) AND table_type = 'BASE TABLE' ORDER BY 1, 2
"""
COLONNES = """
SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s ORDER BY column_name
"""
DOUBLES = """
SELECT count(*) FROM (SELECT FROM pilotage.livraisons WHERE etat = 'acceptee' AND table_raw IS NOT NULL
GROUP BY source, millesime, fichier HAVING count(*) > 1) AS doubles
"""
PARTITIONS = """
SELECT l.source, l.millesime, l.fichier, l.sha256, l.livraison, l.table_raw, l.nb_lignes, coalesce(l.nb_quarantaine, 0)
FROM pilotage.livraisons AS l WHERE l.etat = 'acceptee' AND l.table_raw IS NOT NULL ORDER BY 1, 2, 3
"""


@dataclass
class Constat:
    """One check and what was found."""

    nom: str
    tenu: bool
    detail: str


def check_deliveries(base: str, depot: Path) -> list[Constat]:
    """Each accepted delivery stands once in raw, whole: its rows are the lines of its file, counted apart.

    Args:
        depot: a landing brought whole from the store.
    """
    with psycopg.connect(base) as connection:
        rows = connection.execute(PARTITIONS).fetchall()
        doubles = connection.execute(DOUBLES).fetchone()[0]
        short, counted, lines = [], 0, 0
        for source, millesime, fichier, sha256, livraison, table, told, aside in rows:
            where = sql.SQL("SELECT count(*) FROM raw.{} WHERE _livraison = %s").format(sql.Identifier(table))
            held = connection.execute(where, (livraison,)).fetchone()[0]
            lines += held
            if held + aside != told:
                short.append(f"{source}/{millesime}/{fichier} : {held} + {aside} pour {told}")
            path = depot / source / millesime / sha256 / fichier
            dialect = get_source(source).find(fichier, millesime)
            expected = count_records(path, dialect[1]) if dialect and path.suffix == ".csv" else None
            if expected is not None:
                counted += 1
                if expected != told:
                    short.append(f"{source}/{millesime}/{fichier} : {told} lignes pour {expected} dans le fichier")
    return [
        Constat("livraisons acceptées, chacune une fois", doubles == 0 and bool(rows), f"{len(rows)}, {lines} lignes"),
        Constat("lignes de raw = lignes des fichiers", not short, "; ".join(short) or f"{counted} CSV comptés à part"),
    ]


def count_records(path: Path, fichier: Fichier) -> int | None:
    """Records below the banner and header of a plain CSV file, by the standard library; None where a row makes several.

    Args:
        fichier: how the card says that the file is written.
    """
    if fichier.depivoter:
        return None
    text = path.read_bytes().decode(fichier.encodage, errors="replace")
    body = text.split("\n", fichier.lignes_a_sauter)[fichier.lignes_a_sauter]
    records = csv.reader(io.StringIO(body, newline=""), delimiter=fichier.separateur, quotechar=fichier.guillemet)
    return sum(any(record) for record in records) - 1


def check_generation(base: str) -> list[Constat]:
    """One generation is visible, complete, and no other has left schemas behind."""
    with psycopg.connect(base) as connection:
        states = dict(connection.execute("SELECT etat, count(*) FROM pilotage.generations GROUP BY 1").fetchall())
        left = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ '__g[0-9]{8}t'").fetchall()
        waiting = connection.execute(
            "SELECT count(*) FROM pilotage.livraisons WHERE etat IN ('recue', 'candidate')"
        ).fetchone()[0]
        refused = connection.execute(
            "SELECT source, fichier, motif FROM pilotage.livraisons WHERE etat = 'refusee' ORDER BY 1, 2"
        ).fetchall()
    return [
        Constat("une génération visible, aucune à demi", states.get("visible") == 1 and not left, f"{states} {left}"),
        Constat("aucune livraison en attente", waiting == 0, str(waiting)),
        Constat(
            "aucune livraison refusée", not refused, "; ".join(" : ".join(map(str, row)) for row in refused) or "0"
        ),
    ]


def compare(base: str, temoin: str) -> list[Constat]:
    """Every published table has the same rows, and the same content, as a single machine's of the same input."""
    ours, theirs = fingerprint(base), fingerprint(temoin)
    absent = sorted(ours.keys() ^ theirs.keys())
    counts = [f"{t} : {ours[t][0]} / {theirs[t][0]}" for t in ours.keys() & theirs.keys() if ours[t][0] != theirs[t][0]]
    contents = sorted(t for t in ours.keys() & theirs.keys() if ours[t] != theirs[t])
    total = sum(rows for rows, _ in ours.values())
    return [
        Constat("mêmes tables publiées qu'une seule machine", not absent, ", ".join(absent) or f"{len(ours)} tables"),
        Constat("mêmes nombres de lignes", not counts, "; ".join(counts) or f"{total} lignes"),
        Constat("même contenu (empreinte)", not contents, ", ".join(contents) or f"{len(ours)} tables"),
    ]


def fingerprint(base: str) -> dict[str, tuple[int, str]]:
    """Rows and an order-free hash of each published table, without the columns that tell of the run."""
    found = {}
    with psycopg.connect(base) as connection:
        connection.execute("SET extra_float_digits = 0")
        for schema, table in connection.execute(TABLES, (list(SCHEMAS),)).fetchall():
            names = [row[0] for row in connection.execute(COLONNES, (schema, table)) if row[0] not in DATEES]
            columns = sql.SQL(", ").join(map(sql.Identifier, names))
            query = sql.SQL("SELECT count(*), coalesce(sum(hashtextextended(ROW({})::text, 0)), 0)::text FROM {}")
            place = sql.Identifier(schema, table)
            found[f"{schema}.{table}"] = connection.execute(query.format(columns, place)).fetchone()
    return found
