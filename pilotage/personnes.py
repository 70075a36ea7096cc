"""A person asks where they are, or to be erased: raw tables, quarantine, landing; never a whole row is shown."""

from __future__ import annotations

import datetime as dt
import gzip
import html
import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import psycopg
from psycopg import sql

from pilotage.catalogue import load_catalogue
from pilotage.config import Settings, get_settings
from pilotage.database import psycopg_connection
from pilotage.landing import Depot, Recu, open_depot
from pilotage.oppositions import (
    Filtre,
    blank,
    fold,
    matching_values,
    plain_filter,
    read_key,
    shape,
    sign,
    text_columns,
    words,
)

BLOC = 1 << 20
EFFACEE = "effacée du dépôt : opposition"
RAISON = "Valeur effacée à la demande d'une personne."


@dataclass(frozen=True)
class Lieu:
    """Where a person was found: how many cells of a column, or lines of a file."""

    endroit: str  # raw | raw_candidats | quarantaine | dépôt
    source: str
    detail: str
    colonne: str
    nombre: int
    livraison: str = ""


@dataclass(frozen=True)
class Effacement:
    """What an erasure did."""

    sources: list[str]
    cellules: int
    quarantaine: int
    fichiers: list[str]
    gardes: list[str]  # current deliveries, kept as upstream publishes them


def find_person(text: str) -> list[Lieu]:
    """Where a text stands, by table and column, and in the files of the landing.

    Raises:
        ErreurOpposition: one word alone.
    """
    wanted = plain_filter(text)
    with psycopg_connection() as connection:
        places = [place for table in _loaded(connection) for place in _in_table(connection, *table, wanted)]
        places += _in_quarantine(connection, wanted)
    depot = open_depot(get_settings())
    for recu, current in depot.receipts():
        path = depot.bring(recu, recu.sha256)
        lines = count_lines(path, text, wanted) if path.exists() else 0
        if lines:
            kind = "courante" if current else "remplacée"
            name = f"{recu.millesime}/{recu.fichier} ({kind})"
            places.append(Lieu("dépôt", recu.source, name, "", lines, recu.livraison))
    return places


def erase_person(text: str, motif: str, settings: Settings | None = None) -> Effacement:
    """Put a person on the list, and blank what is already there.

    The list then applies to each delivery loaded of these sources: those where the person was found, and all whose card
    declares personal columns. Replaced deliveries that name the person leave the landing.

    Raises:
        ErreurOpposition: one word alone.
        ErreurConfiguration: the list exists and its key is not on this machine.
    """
    settings = settings or get_settings()
    size, normal = shape(text)
    wanted = plain_filter(text)
    places = find_person(text)
    declared = {name for name, card in load_catalogue().items() if card.personnelles}
    sources = sorted({place.source for place in places} | declared)
    cells = 0
    with psycopg_connection(settings) as connection:
        mark = sign(read_key(connection, settings, create=True), size, normal)
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO pilotage.oppositions (source, empreinte, mots, motif) VALUES (%s, %s, %s, %s) "
                "ON CONFLICT DO NOTHING",
                [(source, mark, size, motif) for source in sources],
            )
        for schema, table, _ in _loaded(connection):
            cells += sum(blank(connection, sql.Identifier(schema, table), wanted).values())
        rows = _blank_quarantine(connection, wanted)
    gone, kept = _clear_landing(open_depot(settings), {p.livraison for p in places if p.endroit == "dépôt"})
    return Effacement(sources, cells, rows, gone, kept)


def count_lines(path: Path, text: str, wanted: Filtre) -> int:
    """Lines (or pieces) of a file that name the person; archives and workbooks are opened, Parquet read by columns."""
    size, normal = shape(text)
    needles = [normal[-8:]] if size == 0 else words(text)
    count = 0
    for block in _blocks(path):
        folded = fold(block)
        plain = re.sub(r"[ .\-]", "", folded) if size == 0 else folded
        if all(needle in plain for needle in needles):
            count += sum(map(wanted, block.splitlines()))
    return count


def _blocks(path: Path) -> Iterator[str]:
    with path.open("rb") as stream:
        start = stream.read(4)
    if start[:4] == b"PAR1":
        yield from _parquet(path)
    elif start[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                with archive.open(name) as stream:
                    is_markup = name.endswith((".xml", ".rels"))
                    yield from (_untag(block) if is_markup else block for block in _read(stream))
    elif start[:2] == b"\x1f\x8b":
        with gzip.open(path) as stream:
            yield from _read(stream)
    else:
        with path.open("rb") as stream:
            yield from _read(stream)


def _read(stream: BinaryIO) -> Iterator[str]:
    """Blocks of whole lines; a line longer than a block is cut, with what may straddle the cut told twice."""
    tail = b""
    while lines := stream.readlines(BLOC):
        for start in range(0, len(lines), 50_000):
            block = tail + b"".join(lines[start : start + 50_000])
            tail = b"" if block.endswith(b"\n") else block[-200:]
            yield _decode(block)


def _decode(block: bytes) -> str:
    try:
        return block.decode("utf-8")
    except UnicodeDecodeError:
        return block.decode("cp1252", errors="replace")


def _untag(block: str) -> str:
    """Text of a workbook's XML: one line a cell."""
    return html.unescape(re.sub(r"<[^>]*>", "\n", block))


def _parquet(path: Path) -> Iterator[str]:
    import pyarrow.parquet as parquet

    file = parquet.ParquetFile(path)
    for batch in file.iter_batches(batch_size=20_000):
        for column in batch.columns:
            if str(column.type) in ("string", "large_string"):
                yield "\n".join(value.replace("\n", " ") for value in column.to_pylist() if value)


def _loaded(connection: psycopg.Connection) -> list[tuple[str, str, str]]:
    """(schema, table, source): partitioned tables of raw, and every candidate."""
    cards = {table.table: name for name, card in load_catalogue().items() for table in card.tables}
    query = (
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE "
        "(n.nspname = 'raw' AND c.relkind = 'p') OR (n.nspname = 'raw_candidats' AND c.relkind = 'r') ORDER BY 1, 2"
    )
    rows = connection.execute(query).fetchall()
    return [(schema, table, cards.get(re.sub(r"__[0-9a-f]{16}$", "", table), "")) for schema, table in rows]


def _in_table(connection: psycopg.Connection, schema: str, table: str, source: str, wanted: Filtre) -> Iterator[Lieu]:
    place = sql.Identifier(schema, table)
    for column in text_columns(connection, place):
        values = matching_values(connection, place, column, wanted)
        if not values:
            continue
        query = sql.SQL("SELECT _livraison, count(*) FROM {} WHERE {} = ANY(%s) GROUP BY 1 ORDER BY 1")
        for livraison, count in connection.execute(query.format(place, sql.Identifier(column)), (values,)).fetchall():
            yield Lieu(schema, source, table, column, count, livraison)


def _quarantined(connection: psycopg.Connection) -> list[str]:
    query = "SELECT tablename FROM pg_tables WHERE schemaname = 'quarantaine' ORDER BY 1"
    return [name for (name,) in connection.execute(query).fetchall()]


def _touched(connection: psycopg.Connection, source: str, wanted: Filtre) -> Iterator[tuple[int, str, list[str]]]:
    """(id, delivery, columns) of the quarantined rows that name the person."""
    query = sql.SQL("SELECT id, livraison, contenu FROM {} ORDER BY id").format(sql.Identifier("quarantaine", source))
    for number, livraison, content in connection.execute(query).fetchall():
        columns = [name for name, value in content.items() if isinstance(value, str) and wanted(value)]
        if columns:
            yield number, livraison, columns


def _in_quarantine(connection: psycopg.Connection, wanted: Filtre) -> list[Lieu]:
    found: dict[tuple[str, str, str], int] = {}
    for source in _quarantined(connection):
        for _, livraison, columns in _touched(connection, source, wanted):
            for column in columns:
                found[source, livraison, column] = found.get((source, livraison, column), 0) + 1
    return [Lieu("quarantaine", s, s, column, n, livraison) for (s, livraison, column), n in found.items()]


def _blank_quarantine(connection: psycopg.Connection, wanted: Filtre) -> int:
    count = 0
    for source in _quarantined(connection):
        query = sql.SQL("UPDATE {} SET contenu = contenu || %s::jsonb, raison = %s WHERE id = %s")
        statement = query.format(sql.Identifier("quarantaine", source))
        for number, _, columns in list(_touched(connection, source, wanted)):
            blanked = psycopg.types.json.Jsonb(dict.fromkeys(columns))
            connection.execute(statement, (blanked, RAISON, number))
            count += 1
    return count


def _clear_landing(depot: Depot, named: set[str]) -> tuple[list[str], list[str]]:
    """Remove the replaced deliveries among those named; returns (removed, kept because current)."""
    gone: list[Recu] = []
    kept: list[str] = []
    receipts = list(depot.receipts())
    served = {depot.chemin(recu, recu.sha256).parent for recu, current in receipts if current}
    for recu, current in receipts:
        path = depot.chemin(recu, recu.sha256)
        if recu.livraison not in named:
            continue
        if current or path.parent in served:
            kept.append(f"{recu.source} {recu.millesime}/{recu.fichier}")
        else:
            gone.append(recu)
            depot.magasin.drop_tree(depot.magasin.relative(path.parent))
            shutil.rmtree(path.parent)
    with psycopg_connection() as connection:
        connection.execute(
            "UPDATE pilotage.livraisons SET motif = %s WHERE livraison = ANY(%s)",
            (f"{EFFACEE}, {dt.date.today():%d/%m/%Y}", [recu.livraison for recu in gone]),
        )
    return [f"{recu.source} {recu.millesime}/{recu.fichier}" for recu in gone], kept
