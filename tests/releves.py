"""Readings made up for tests, and a small warehouse whose journal holds one night of each kind."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import text

from pilotage.catalogue import load_catalogue
from pilotage.config import Settings
from pilotage.database import get_engine
from pilotage.etat.modele import (
    REPOND,
    Airflow,
    Alertes,
    Disque,
    Entrepot,
    Etape,
    Generation,
    Nuit,
    Releve,
    Source,
    Suite,
)

MAINTENANT = dt.datetime(2026, 11, 28, 8, tzinfo=dt.UTC)
GO = 10**9


def make_entrepot(**changes: Any) -> Entrepot:
    hours = dt.timedelta(hours=1)
    steps = [
        Etape(etape="fetch", objet="a__b", etat="reussie", secondes=2.5, lignes=10, d_une_source=True),
        Etape(etape="build", objet="usages", etat="reussie", secondes=60.0, lignes=1200),
    ]
    night = Nuit(
        nom="nuit_1",
        debut=MAINTENANT - 4 * hours,
        fin=MAINTENANT - 3 * hours,
        secondes=3600,
        etat="réussie",
        etapes=steps,
    )
    source = {"millesime": "2026", "date_donnees": dt.date(2026, 6, 1), "age_max_jours": 400, "etat": "à jour"}
    values = {
        "lu_le": MAINTENANT,
        "simulee": False,
        "nuit": night,
        "sources": [Source(source=f"s__{n}", age_jours=n, lignes=100, **source) for n in (10, 20)],
        "jamais_recues": ["z__z"],
        "generations": [Generation(generation="g20261128t040000", etat="visible", publiee_le=MAINTENANT - 3 * hours)],
        "suites": [Suite(suite="usages", porte="marts", tenues=12, signalees=1, bloquantes=0)],
        "refus": [],
        "quarantaine": [],
        "tables": {"usages.fait_frequentations": 1200},
        "octets": 5 * GO,
    }
    return Entrepot(**values | changes)


def make_releve(**changes: Any) -> Releve:
    """A reading where all is well, but for what `changes` says."""
    values = {
        "quand": MAINTENANT,
        "home": "/srv/pilotage",
        "simulation": False,
        "base": REPOND,
        "entrepot": make_entrepot(),
        "airflow": Airflow(etat="répond", adresse="http://127.0.0.1:8080", composants={"scheduler": "healthy"}),
        "disque": Disque(parties={"depot": GO, "base": 5 * GO}, libre=60 * GO, total=100 * GO),
        "alertes": Alertes(semaine=1, budget=10, non_lues=0, critiques_non_lues=0, par_severite={"critique": 3}),
        "cron": "0 3 * * *",
        "prochaine": MAINTENANT + dt.timedelta(hours=18),
    }
    return Releve(**values | changes)


def _due(card: Any) -> dt.date:
    """Day from which the newest millésime of a card is late."""
    return max(v.date_donnees for v in card.millesimes.values()) + dt.timedelta(days=card.fraicheur_max_jours)


def fill_journal(settings: Settings) -> str:
    """One night with a source refused, one in quarantine and one late; returns the late one's name."""
    cards = {name: card for name, card in load_catalogue().items() if card.millesimes}
    late = min(cards, key=lambda name: _due(cards[name]))
    served = [late, "insee__departements", "insee__communes"]
    with get_engine(settings).begin() as connection:
        connection.execute(text("INSERT INTO pilotage.reglages VALUES ('est_simulee', 'true')"))
        for name in served:
            millesime = max(cards[name].millesimes)
            state = "refusee" if name == "insee__communes" else "acceptee"
            connection.execute(
                text(
                    "INSERT INTO pilotage.livraisons (livraison, source, millesime, fichier, table_raw, sha256, url, "
                    "taille_octets, etat, motif, nb_lignes, decidee_le) VALUES "
                    "(:s, :s, :m, 'f.csv', :s, 'abc', 'https://example.org/d/f.csv?cle=secrete', 1, :e, :r, 100, now())"
                ),
                {"s": name, "m": millesime, "e": state, "r": "colonne\nabsente" if state == "refusee" else None},
            )
        for etape, objet, state, message in (
            ("fetch", "insee__communes", "reussie", None),
            ("gate", "insee__communes", "echouee", "livraison refusée :\n colonne absente"),
            ("build", "usages", "echouee", "premier essai"),
            ("build", "usages", "reussie", None),
        ):
            connection.execute(
                text(
                    "INSERT INTO pilotage.etapes (nuit, etape, objet, etat, fin, lignes, message) "
                    "VALUES ('nuit_1', :a, :o, :e, clock_timestamp(), 5, :m)"
                ),
                {"a": etape, "o": objet, "e": state, "m": message},
            )
        connection.execute(
            text(
                "INSERT INTO pilotage.generations (generation, etat, empreinte, est_simulee, publiee_le, statistiques) "
                "VALUES ('g20261128t040000', 'visible', 'x', true, now(), '{\"usages.fait_a\": 7}'), "
                "('g20261127t040000', 'precedente', 'y', true, now() - interval '1 day', NULL)"
            )
        )
        for success in (False, True):  # judged twice: the last judgment counts
            connection.execute(
                text(
                    "INSERT INTO pilotage.controles (generation, suite, attente, succes, message) "
                    "VALUES ('g20261128t040000', 'usages', 'expect_x', :s, 'règle')"
                ),
                {"s": success},
            )
        connection.execute(
            text(
                "CREATE TABLE quarantaine.insee__departements (etat text, mise_le timestamptz); "
                "INSERT INTO quarantaine.insee__departements VALUES ('en_quarantaine', now() - interval '3 days'), "
                "('rejouee', now())"
            )
        )
    return late
