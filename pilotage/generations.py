"""Generations of the warehouse: built aside, switched in one transaction, returned to by one command.

A generation's tables stand in schemas `<schema>__<generation>`. The visible one's schemas bear the plain names. To
switch is to rename schemas: transactional in PostgreSQL, and comments, keys and grants follow.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import time
from dataclasses import dataclass

from sqlalchemy import Connection, text

from pilotage.attente import lock_for_switch
from pilotage.config import get_settings
from pilotage.database import get_engine
from pilotage.errors import ErreurPublication
from pilotage.lecteur import ensure_role, grant_visible
from pilotage.suivi import check_courante

SCHEMAS = (
    "commun",
    "infrastructures",
    "developpement",
    "services",
    "usages",
    "ecosystemes",
    "synthese",
    "recommandation",
)
FORGOTTEN = text("""
    SELECT nspname FROM pg_namespace
    WHERE split_part(nspname, '__', 1) = ANY(:schemas) AND nspname ~ '__g[0-9]{8}t[0-9]{6}[a-z0-9]*$'
        AND NOT EXISTS (
            SELECT FROM pilotage.generations
            WHERE generation = split_part(nspname, '__', 2) AND etat NOT IN ('abandonnee', 'supprimee'))
""")
LOCK = text("SELECT pg_advisory_xact_lock(hashtext('pilotage.generations'))")
RETRAIT_S = 60.0  # no statement of `lecteur` lasts longer
ENCORE_LUS = text(
    "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n "
    "ON n.oid = c.relnamespace WHERE n.nspname = ANY(:schemas) AND l.pid <> pg_backend_pid())"
)


@dataclass(frozen=True)
class Generation:
    """A row of pilotage.generations."""

    generation: str
    etat: str
    empreinte: str
    est_simulee: bool
    creee_le: dt.datetime
    publiee_le: dt.datetime | None
    statistiques: dict | None


def schema(nom: str, generation: str | None = None) -> str:
    """Schema of a generation under construction, or the visible one.

    Raises:
        ErreurPublication: a generation's name is not of the form `g20261123t225800`.
    """
    if generation is None:
        return nom
    if not re.fullmatch(r"g\d{8}t\d{6}[a-z0-9]*", generation):
        raise ErreurPublication(f"« {generation} » n'est pas une génération", attendu="g20261123t225800")
    return f"{nom}__{generation}"


def list_generations() -> list[Generation]:
    """All generations, newest first."""
    query = text(
        "SELECT generation, etat, empreinte, est_simulee, creee_le, publiee_le, statistiques "
        "FROM pilotage.generations ORDER BY creee_le DESC, generation DESC"
    )
    with get_engine().connect() as connection:
        return [Generation(*row) for row in connection.execute(query)]


def visible() -> Generation | None:
    """The generation that readers see."""
    return next((g for g in list_generations() if g.etat == "visible"), None)


def switch(generation: str) -> None:
    """Make a built generation the visible one, in one transaction; the former one is kept aside.

    Raises:
        ErreurPublication: the generation is unknown, incomplete, or of the other nature (simulated or real).
    """
    with get_engine().begin() as connection:
        connection.execute(LOCK)
        check_courante(connection)
        state = connection.scalar(
            text("SELECT etat FROM pilotage.generations WHERE generation = :g FOR UPDATE"), {"g": generation}
        )
        if state == "visible":
            return
        if state not in ("en_construction", "candidate", "precedente"):
            raise ErreurPublication(
                f"génération {generation} : état « {state or 'inconnue'} »",
                attendu="une génération construite, ou une précédente gardée",
                conseil="`pilotage generations` les liste",
            )
        _check_complete(connection, generation)
        former = connection.scalar(text("SELECT generation FROM pilotage.generations WHERE etat = 'visible'"))
        counts = count_rows(connection, generation)
        for nom in SCHEMAS:
            if former and _exists(connection, nom):
                _rename(connection, nom, schema(nom, former))
            if _exists(connection, schema(nom, generation)):
                _rename(connection, schema(nom, generation), nom)
        ensure_role(connection)
        aside = [schema(nom, former) for nom in SCHEMAS] if former else []
        grant_visible(connection, _existing(connection, list(SCHEMAS)), [])
        update = text(
            "UPDATE pilotage.generations SET etat = :etat, publiee_le = "
            "CASE WHEN :etat = 'visible' THEN now() ELSE publiee_le END WHERE generation = :g"
        )
        if former:
            connection.execute(update, {"etat": "precedente", "g": former})
        connection.execute(update, {"etat": "visible", "g": generation})
        connection.execute(text("NOTIFY pgrst, 'reload schema'"))  # the read API, where there is one, looks again
        connection.execute(
            text("UPDATE pilotage.generations SET statistiques = :s WHERE generation = :g"),
            {"s": json.dumps(counts), "g": generation},
        )
        # What follows (exports, site) speaks of this generation: a crash must not undo the switch behind its back.
        connection.execute(text("SET LOCAL synchronous_commit = on"))
        # Last: nobody sees any of it before the commit, and readers wait for nothing but that.
        locked = lock_for_switch(connection, _tables(connection, aside))
        if locked:
            grant_visible(connection, [], _existing(connection, aside))
    if not locked:
        _withdraw(aside)


def _withdraw(aside: list[str]) -> None:
    """Take the former generation from readers once the statements begun before the switch have ended."""
    deadline = time.monotonic() + RETRAIT_S
    with get_engine().begin() as connection:
        connection.execute(LOCK)
        while time.monotonic() < deadline and connection.scalar(ENCORE_LUS, {"schemas": aside}):
            time.sleep(0.2)
        grant_visible(connection, [], _existing(connection, aside))


def go_back() -> str:
    """Make the newest former generation visible again.

    Returns:
        Its name.

    Raises:
        ErreurPublication: none was kept.
    """
    former = next((g for g in list_generations() if g.etat == "precedente"), None)
    if former is None:
        raise ErreurPublication("aucune génération précédente n'est gardée", conseil="attendre une seconde publication")
    switch(former.generation)
    return former.generation


def drop_old() -> list[str]:
    """Drop what nobody will return to: former generations beyond those kept, and staging views.

    Returns:
        The generations dropped.
    """
    kept = get_settings().generations_kept
    former = [g.generation for g in list_generations() if g.etat == "precedente"][kept:]
    with get_engine().begin() as connection:
        connection.execute(LOCK)
        for generation in former:
            drop_schemas(connection, generation)
            connection.execute(
                text("UPDATE pilotage.generations SET etat = 'supprimee' WHERE generation = :g"), {"g": generation}
            )
        current = connection.scalar(text("SELECT generation FROM pilotage.generations WHERE etat = 'visible'"))
        if current:
            _drop(connection, schema("staging", current))
        drop_forgotten(connection)
    return former


def drop_forgotten(connection: Connection) -> list[str]:
    """Drop schemas of generations that are no longer kept: a build that was overtaken may have written after its end.

    Returns:
        Their names.
    """
    names = connection.scalars(FORGOTTEN, {"schemas": [*SCHEMAS, "staging"]}).all()
    for name in names:
        _drop(connection, name)
    return list(names)


def drop_federated() -> list[str]:
    """Drop the merged packages that were loaded beside the nights' generations.

    Returns:
        Their names.
    """
    former = [g.generation for g in list_generations() if g.etat == "federee"]
    with get_engine().begin() as connection:
        for generation in former:
            drop_schemas(connection, generation)
            _drop(connection, f"federation__{generation}")
            connection.execute(text("DELETE FROM pilotage.generations WHERE generation = :g"), {"g": generation})
    return former


def drop_schemas(connection: Connection, generation: str) -> None:
    """Drop every schema of a generation that is not visible."""
    for nom in (*SCHEMAS, "staging"):
        _drop(connection, schema(nom, generation))


def count_rows(connection: Connection, generation: str) -> dict[str, int]:
    """Rows of every table of a generation that is not visible yet, `schema.table` -> exact count."""
    quote = connection.dialect.identifier_preparer.quote
    return {
        f"{s.partition('__')[0]}.{t}": connection.scalar(text(f"SELECT count(*) FROM {quote(s)}.{quote(t)}"))
        for s, t in _tables(connection, [schema(nom, generation) for nom in SCHEMAS])
    }


def _check_complete(connection: Connection, generation: str) -> None:
    missing = [nom for nom in SCHEMAS if not _exists(connection, schema(nom, generation))]
    if missing:
        raise ErreurPublication(
            f"génération {generation} incomplète",
            attendu=f"les schémas {', '.join(SCHEMAS)} ; il manque {', '.join(missing)}",
            conseil="regarder la dernière nuit : une étape a échoué avant la publication",
        )
    simulated, known = connection.execute(
        text(
            "SELECT (SELECT est_simulee FROM pilotage.generations WHERE generation = :g), "
            "(SELECT bool_or(est_simulee) FROM pilotage.generations WHERE etat = 'visible')"
        ),
        {"g": generation},
    ).one()
    if known is not None and simulated != known:
        raise ErreurPublication(
            "cet entrepôt refuse de mêler données simulées et données réelles",
            conseil="un autre PILOTAGE_HOME ou une autre base pour l'autre nature de données",
        )


def _tables(connection: Connection, schemas: list[str]) -> list[tuple[str, str]]:
    found = connection.execute(
        text(
            "SELECT table_schema, table_name FROM information_schema.tables "
            "WHERE table_schema = ANY(:schemas) AND table_type = 'BASE TABLE' ORDER BY 1, 2"
        ),
        {"schemas": schemas},
    )
    return [(s, t) for s, t in found]


def _existing(connection: Connection, names: list[str]) -> list[str]:
    return [nom for nom in names if _exists(connection, nom)]


def _exists(connection: Connection, nom: str) -> bool:
    return bool(connection.scalar(text("SELECT 1 FROM pg_namespace WHERE nspname = :nom"), {"nom": nom}))


def _rename(connection: Connection, old: str, new: str) -> None:
    quote = connection.dialect.identifier_preparer.quote
    connection.execute(text(f"ALTER SCHEMA {quote(old)} RENAME TO {quote(new)}"))


def _drop(connection: Connection, nom: str) -> None:
    connection.execute(text(f"DROP SCHEMA IF EXISTS {connection.dialect.identifier_preparer.quote(nom)} CASCADE"))
