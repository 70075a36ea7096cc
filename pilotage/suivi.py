"""The journal of the nights: every step writes a row when it starts and closes it when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import text

from pilotage.database import get_engine

START = text(
    "INSERT INTO pilotage.etapes (nuit, etape, objet, etat) VALUES (:nuit, :etape, :objet, 'en_cours') RETURNING id"
)
END = text(
    "UPDATE pilotage.etapes SET etat = :etat, fin = clock_timestamp(), lignes = :lignes, message = :message "
    "WHERE id = :id"
)


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
        identifiant = connection.scalar(START, {"nuit": nuit, "etape": etape, "objet": objet})
    journal = Etape()
    try:
        yield journal
    except BaseException as error:
        journal.etat, journal.message = "echouee", str(error)[:2000] or type(error).__name__
        raise
    finally:
        with engine.begin() as connection:
            values = {"etat": journal.etat, "lignes": journal.lignes, "message": journal.message, "id": identifiant}
            connection.execute(END, values)
