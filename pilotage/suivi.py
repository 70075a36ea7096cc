"""The journal of the nights: every step writes a row when it starts and closes it when it ends.

The row is also the step's fencing token: among the attempts at one step, the last one begun is the one that counts. A
worker that was cut off, and comes back once its task runs elsewhere, finds a newer row and writes nothing more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import psycopg
from sqlalchemy import Connection, text

from pilotage.database import get_engine
from pilotage.verrou import ErreurVerrou

START = text(
    "INSERT INTO pilotage.etapes (nuit, etape, objet, etat) VALUES (:nuit, :etape, :objet, 'en_cours') RETURNING id"
)
# An attempt that was killed never closed its row: the next one at the same step says so for it.
INTERROMPUE = text(
    "UPDATE pilotage.etapes SET etat = 'echouee', fin = clock_timestamp(), "
    "message = 'interrompue : le processus s''est arrêté sans le dire' "
    "WHERE etat = 'en_cours' AND etape = :etape AND objet = :objet"
)
END = text(
    "UPDATE pilotage.etapes SET etat = :etat, fin = clock_timestamp(), lignes = :lignes, message = :message "
    "WHERE id = :id"
)
# A step told as done is on disk, with all that was committed before it: no crash takes it back.
DURABLE = text("SET LOCAL synchronous_commit = on")
NEWER = "SELECT max(id) FROM pilotage.etapes WHERE etape = %(etape)s AND objet = %(objet)s AND id > %(id)s"


@dataclass(frozen=True)
class Jeton:
    """Which attempt at which step this is; `id` grows with each attempt."""

    id: int
    etape: str
    objet: str


COURANTE: ContextVar[Jeton | None] = ContextVar("COURANTE", default=None)


@dataclass
class Etape:
    """What a step says of itself while it runs."""

    lignes: int | None = None
    message: str | None = None
    etat: str = "reussie"


@contextmanager
def suivre_etape(nuit: str, etape: str, objet: str) -> Iterator[Etape]:
    """Journal one step; an exception closes it as `echouee` with its text and goes on up."""
    engine = get_engine()
    with engine.begin() as connection:
        connection.execute(INTERROMPUE, {"etape": etape, "objet": objet})
        identifiant = connection.scalar(START, {"nuit": nuit, "etape": etape, "objet": objet})
    journal, token = Etape(), COURANTE.set(Jeton(identifiant, etape, objet))
    try:
        yield journal
    except BaseException as error:
        journal.etat, journal.message = "echouee", str(error)[:2000] or type(error).__name__
        raise
    finally:
        COURANTE.reset(token)
        with engine.begin() as connection:
            values = {"etat": journal.etat, "lignes": journal.lignes, "message": journal.message, "id": identifiant}
            connection.execute(DURABLE)
            connection.execute(END, values)


def check_courante(connection: Connection | psycopg.Connection) -> None:
    """Refuse to go on when a later attempt at the current step has begun; outside a journalled step nothing is checked.

    To be called in the transaction that writes, after its lock: the later attempt then waits, and sees what we wrote.

    Raises:
        ErreurVerrou: this attempt no longer counts.
    """
    jeton = COURANTE.get()
    if jeton is None:
        return
    raw = connection if isinstance(connection, psycopg.Connection) else connection.connection.driver_connection
    row = raw.cursor().execute(NEWER, vars(jeton)).fetchone()
    if row[0] is not None:
        raise ErreurVerrou(
            f"essai périmé de « {jeton.etape} {jeton.objet} » (étape {jeton.id}) : l'étape {row[0]} l'a remplacé",
            conseil="rien : l'essai plus récent fait le travail ; celui-ci n'a rien écrit",
        )
