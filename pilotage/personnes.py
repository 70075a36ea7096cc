"""A person asks where they are, or to be erased: raw tables, quarantine, landing; never a whole row is shown."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from psycopg import sql

from pilotage.catalogue import load_catalogue
from pilotage.config import Settings, get_settings
from pilotage.database import psycopg_connection
from pilotage.landing import Depot, Recu, open_depot
from pilotage.magasin import ErreurMagasin
from pilotage.oppositions import (
    Filtre,
    blank,
    matching_values,
    plain_filter,
    read_key,
    shape,
    sign,
    text_columns,
)
from pilotage.recherche_depot import look_into
from pilotage.traces_personnes import Lieu, blank_journal, blank_quarantine, in_journal, in_quarantine, quarantined

EFFACEE = "effacée du dépôt : opposition"
DEPOT, ILLISIBLE, JOURNAL = "dépôt", "illisible", "journal"


@dataclass(frozen=True)
class Effacement:
    """What an erasure did."""

    sources: list[str]
    cellules: int
    quarantaine: int
    journal: int
    fichiers: list[str]
    gardes: list[str]  # current deliveries, kept as upstream publishes them
    illisibles: list[Lieu]


def find_person(text: str) -> list[Lieu]:
    """Where a text stands, by table and column, and in the files of the landing; those that cannot be read are listed.

    Raises:
        ErreurOpposition: one word alone.
    """
    wanted = plain_filter(text)
    with psycopg_connection() as connection:
        places = [place for table in _loaded(connection) for place in _in_table(connection, *table, wanted)]
        places += [*in_quarantine(connection, wanted), *in_journal(connection, wanted)]
    depot = open_depot(get_settings())
    for recu, current in depot.receipts():
        places += _in_file(depot, recu, current, text, wanted)
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
    with psycopg_connection(settings) as connection:
        entry = (sign(read_key(connection, settings, create=True), size, normal), size, motif)
    places = find_person(text)
    catalogue = load_catalogue()
    sources = {place.source for place in places if place.endroit not in (ILLISIBLE, JOURNAL)}
    sources |= {name for name, card in catalogue.items() if card.personnelles}
    with psycopg_connection(settings) as connection:  # seen by each load that ends from now on
        _oppose(connection, sources, entry)
        every = {*catalogue, *quarantined(connection), ""}
    cells = rows = 0
    for source in sorted(every):
        with psycopg_connection(settings) as connection:
            _wait_for_load(connection, source)
            done = _blank_source(connection, source, wanted)
            if done:
                _oppose(connection, {source}, entry)
            rows += blank_quarantine(connection, source, wanted)
            cells += done
            sources |= {source} if done else set()
    with psycopg_connection(settings) as connection:
        told = blank_journal(connection, wanted)
    gone, kept = _clear_landing(open_depot(settings), {p.livraison for p in places if p.endroit == DEPOT})
    return Effacement(
        sorted(sources), cells, rows, told, gone, kept, [place for place in places if place.endroit == ILLISIBLE]
    )


def _oppose(connection: psycopg.Connection, sources: set[str], entry: tuple[str, int, str]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO pilotage.oppositions (source, empreinte, mots, motif) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT DO NOTHING",
            [(source, *entry) for source in sorted(sources)],
        )


def _wait_for_load(connection: psycopg.Connection, source: str) -> None:
    """Until the transaction ends, the source is neither loaded nor judged: what was under way has been committed."""
    for name in (f"pilotage.porte.{source}", f"pilotage.raw.{source}"):
        connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (name,))


def _blank_source(connection: psycopg.Connection, source: str, wanted: Filtre) -> int:
    """Empty the person's cells in a source's tables; each time that there are any, marts are to be built anew."""
    tables = [sql.Identifier(schema, table) for schema, table, of in _loaded(connection) if of == source]
    done = sum(sum(blank(connection, table, wanted).values()) for table in tables)
    if done:
        connection.execute(
            "INSERT INTO pilotage.reglages VALUES ('oppositions_effacements', '1') ON CONFLICT (cle) DO UPDATE SET "
            "valeur = (reglages.valeur::bigint + 1)::text"
        )
    return done


def _in_file(depot: Depot, recu: Recu, current: bool, text: str, wanted: Filtre) -> list[Lieu]:
    """The file when it names the person, and that it cannot be read to its end: one such file stops no search."""
    name = f"{recu.millesime}/{recu.fichier} ({'courante' if current else 'remplacée'})"
    try:
        path = depot.bring(recu, recu.sha256)
        lines, fault = look_into(path, text, wanted) if path.exists() else (0, "")
    except ErreurMagasin as error:
        lines, fault = 0, str(error)
    places = [Lieu(DEPOT, recu.source, name, "", lines, recu.livraison)] if lines else []
    return places + ([Lieu(ILLISIBLE, recu.source, f"{name} : {fault}", "", 0, recu.livraison)] if fault else [])


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


def _clear_landing(depot: Depot, named: set[str]) -> tuple[list[str], list[str]]:
    """Remove the replaced deliveries among those named; returns (removed, kept because current)."""
    gone: list[Recu] = []
    kept: list[str] = []
    receipts = list(depot.receipts())
    served = {depot.chemin(recu, recu.sha256).parent for recu, current in receipts if current}
    for recu, current in receipts:
        if recu.livraison not in named:
            continue
        if current or depot.chemin(recu, recu.sha256).parent in served:
            kept.append(f"{recu.source} {recu.millesime}/{recu.fichier}")
        else:
            gone.append(recu)
    with psycopg_connection() as connection:  # before the bytes go: a removal that is cut is done again by the next
        connection.execute(
            "UPDATE pilotage.livraisons SET motif = %s WHERE livraison = ANY(%s)",
            (f"{EFFACEE}, {dt.date.today():%d/%m/%Y}", [recu.livraison for recu in gone]),
        )
    for folder in sorted({depot.chemin(recu, recu.sha256).parent for recu in gone}):  # two names may share their bytes
        depot.magasin.drop_tree(depot.magasin.relative(folder))
        shutil.rmtree(folder, ignore_errors=True)
    return [f"{recu.source} {recu.millesime}/{recu.fichier}" for recu in gone], kept
