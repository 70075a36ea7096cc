"""How fresh each source is: the millésime served and its age."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from pilotage.catalogue import load_catalogue
from pilotage.database import get_engine
from pilotage.errors import ErreurConfiguration


@dataclass(frozen=True)
class Fraicheur:
    """What the warehouse serves of one source."""

    source: str
    millesime: str
    date_donnees: dt.date
    recue_le: dt.datetime
    age_jours: int | None
    etat: str  # à jour, périmée, dernière livraison refusée


def freshness(today: dt.date | None = None) -> dict[str, Fraicheur]:
    """By source, the latest accepted vintage; empty when no warehouse answers.

    The age is counted from the day that the data describe, not from the day they were fetched.
    """
    today = today or dt.date.today()
    query = text(
        "SELECT source, max(millesime) FILTER (WHERE etat = 'acceptee'), max(recue_le), "
        "(array_agg(etat ORDER BY recue_le DESC, decidee_le DESC NULLS LAST))[1] "
        "FROM pilotage.livraisons GROUP BY source"
    )
    try:
        with get_engine().connect() as connection:
            rows = connection.execute(query).all()
    except (ErreurConfiguration, SQLAlchemyError):
        return {}
    found = {}
    for source, millesime, received, last in rows:
        card = load_catalogue().get(source)
        if card is None or millesime is None or millesime not in card.millesimes:
            continue
        dated = card.millesimes[millesime].date_donnees
        age = (today - dated).days
        state = "périmée" if age > card.fraicheur_max_jours else "à jour"
        state = "dernière livraison refusée" if last == "refusee" else state
        found[source] = Fraicheur(source, millesime, dated, received, age, state)
    return found
