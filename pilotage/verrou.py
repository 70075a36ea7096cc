"""One writer at a time: in a folder of this machine, or over all the machines of a warehouse."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from pilotage.errors import ErreurPilotage, ErreurTelechargement

PERIODE_S = 0.2
# A holder that no longer hears the server lets go (within 15 s) before the server takes the lock from it (after 40 s).
CLIENT = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
SERVEUR = {
    "tcp_keepalives_idle": 20,
    "tcp_keepalives_interval": 5,
    "tcp_keepalives_count": 4,
    "tcp_user_timeout": 40_000,
    "client_connection_check_interval": 5_000,
}
OPTIONS = " ".join(f"-c {name}={value}" for name, value in SERVEUR.items())


class ErreurVerrou(ErreurPilotage):
    """The lock was lost on the way, or this attempt is no longer the one that counts: nothing more may be written."""


@contextmanager
def locked(path: Path, *, attendre: bool = True) -> Iterator[None]:
    """Hold the lock file `path`, made if absent; waits for whoever holds it, unless told not to.

    Raises:
        BlockingIOError: somebody holds it, and we do not wait.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if attendre else fcntl.LOCK_NB))
        yield


class Verrou:
    """A lock held over all machines, as long as its connection lives."""

    def __init__(self, nom: str, connection: psycopg.Connection) -> None:
        self.nom, self.connection = nom, connection

    def check(self) -> None:
        """Raise ErreurVerrou when the server no longer knows us: somebody else may hold the lock by now."""
        try:
            self.connection.execute("SELECT 1")
        except psycopg.Error as error:
            raise ErreurVerrou(
                f"verrou {self.nom} perdu : {str(error).strip()}",
                conseil="rien : l'essai suivant de la tâche recommence ce qui n'était pas fini",
            ) from error


@contextmanager
def alone(nom: str, attente_s: float | None = None) -> Iterator[Verrou]:
    """Hold a lock of the warehouse's PostgreSQL for as long as this block lasts; the server frees a dead holder's.

    Args:
        attente_s: seconds to wait for another holder; None waits for ever.

    Raises:
        ErreurTelechargement: another one still holds it after `attente_s` seconds.
    """
    from pilotage.database import psycopg_connection

    limit = None if attente_s is None else time.monotonic() + attente_s
    with psycopg_connection(**CLIENT) as connection:
        connection.autocommit = True
        while not connection.execute("SELECT pg_try_advisory_lock(hashtext(%s))", (nom,)).fetchone()[0]:
            if limit is not None and time.monotonic() > limit:
                raise ErreurTelechargement(
                    f"{nom} : une autre machine le tient encore après {attente_s:g} s d'attente",
                    conseil="attendre sa fin, ou arrêter la tâche qui le tient",
                )
            time.sleep(PERIODE_S)
        yield Verrou(nom, connection)
