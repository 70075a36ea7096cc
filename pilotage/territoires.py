"""A code's history and its place today, read from the visible generation."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, text

from pilotage.errors import ErreurEntrepot
from pilotage.generations import schema
from pilotage.mouvements import Mouvement, carry, name_on, touches
from pilotage.recit import say_day, say_list, say_of, say_share, tell

MOUVEMENTS = """
SELECT
    date_effet, type_evenement, nature_avant, code_avant, nom_avant, nature_apres, code_apres, nom_apres, part, partage
FROM {commun}.fait_mouvements_communes
"""
COMMUNES = """
SELECT c.code_commune, c.nom_commune, d.nom_territoire, c.date_debut
FROM {commun}.dim_communes AS c
LEFT JOIN {commun}.dim_territoires AS d ON d.cle_territoire = 'departement:' || c.code_departement
WHERE c.est_actuelle
"""
PARTIES = """
SELECT DISTINCT ON (code_ancien) code_ancien, code_commune, motif
FROM {commun}.passage_communes
WHERE motif IN ('arrondissement', 'commune déléguée', 'commune associée')
ORDER BY code_ancien, date_reference DESC
"""
OUTREMER = "SELECT code_commune, nom_commune, nom_collectivite FROM {commun}.dim_collectivites_outremer"
COG = "SELECT MAX(date_donnees) FROM {commun}.dim_sources WHERE source = 'insee__communes'"
CHERCHER = """
WITH tous AS (
    SELECT niveau, code_territoire AS code, nom_territoire AS nom, population FROM {commun}.dim_territoires
    UNION
    SELECT 'ancienne commune', m.code_avant, m.nom_avant, NULL
    FROM {commun}.fait_mouvements_communes AS m
    WHERE m.nature_avant = 'COM' AND NOT EXISTS (
        SELECT 1 FROM {commun}.dim_communes AS c
        WHERE c.est_actuelle AND c.code_commune = m.code_avant AND c.nom_commune = m.nom_avant
    )
    UNION
    SELECT 'collectivité d''outre-mer', code_commune, nom_commune, population FROM {commun}.dim_collectivites_outremer
),

compares AS (
    SELECT *, unaccent(lower(nom)) AS ecrit, unaccent(lower(:nom)) AS cherche FROM tous
)

SELECT niveau, code, nom, population
FROM compares
WHERE strpos(ecrit, cherche) > 0 OR similarity(ecrit, cherche) > 0.5
ORDER BY ecrit <> cherche, similarity(ecrit, cherche) DESC, population DESC NULLS LAST, code
LIMIT :nombre
"""


@dataclass(frozen=True)
class Suivi:
    """What is known of a code: what it names today (or that nothing bears it), its events, where its people are now."""

    code: str
    present: str
    evenements: list[str]
    arrivee: str


@dataclass(frozen=True)
class _Codes:
    """Official codes of today, and the movements that led there."""

    jour: dt.date
    communes: dict[str, tuple[str, str]]
    parties: dict[str, tuple[str, str]]
    outremer: dict[str, tuple[str, str]]
    mouvements: list[Mouvement]


def follow(connection: Connection, code: str, jour: dt.date | None = None, generation: str | None = None) -> Suivi:
    """History of a commune's code, and where what it named on `jour` (its first day by default) is today.

    Raises:
        ErreurEntrepot: no file ever named it.
    """
    codes = _read(connection, schema("commun", generation))
    code = code.strip().upper()
    lies = related(code, codes.mouvements)
    present = _present(code, codes)
    if not lies and present is None:
        raise ErreurEntrepot(
            f"code « {code} » inconnu du code officiel géographique depuis 1943",
            attendu="un code Insee de commune sur cinq caractères",
            conseil="`pilotage territoires chercher <nom>` donne les codes d'un nom",
        )
    gone = f"{code} n'est plus un code de commune au {say_day(codes.jour)}"
    return Suivi(code, present or gone, tell(lies), _arrival(code, jour, codes))


def related(code: str, mouvements: list[Mouvement]) -> list[Mouvement]:
    """Events of a code, then of the communes that its people went to, from the day they arrived; each event whole."""
    since = _followed(code, mouvements)
    found = {
        (m.date, m.type, m.code_avant, m.code_apres)
        for m in mouvements
        if code in (m.code_avant, m.code_apres) or m.date >= since.get(m.code_avant or "", dt.date.max)
    }
    departures = {(jour, kind, avant) for jour, kind, avant, _ in found if kind in ("21", "30") and avant}
    arrivals = {(jour, kind, apres) for jour, kind, _, apres in found if kind in ("31", "32", "33")}
    return [
        m
        for m in mouvements
        if (m.date, m.type, m.code_avant, m.code_apres) in found
        or (m.date, m.type, m.code_avant) in departures
        or (m.date, m.type, m.code_apres) in arrivals
    ]


def _followed(code: str, mouvements: list[Mouvement]) -> dict[str, dt.date]:
    """Codes that people of `code` came to bear, and since when; a commune may move on the very day it is reached."""
    since = {code: dt.date.min}
    leaving = sorted((m for m in mouvements if m.deplace and m.code_avant), key=lambda m: m.date)
    while True:
        reached = {m.code_apres: m.date for m in reversed(leaving) if m.date >= since.get(m.code_avant, dt.date.max)}
        new = {vers: jour for vers, jour in reached.items() if vers not in since}
        if not new:
            return since
        since |= new


def search(connection: Connection, nom: str, nombre: int = 20) -> list[tuple[str, str, str, int | None]]:
    """Territories, former communes and overseas communes of that name: (level, code, name, population)."""
    query = text(CHERCHER.format(commun=schema("commun")))
    return [tuple(row) for row in connection.execute(query, {"nom": nom.strip(), "nombre": nombre})]


def _read(connection: Connection, commun: str) -> _Codes:
    def rows(query: str) -> list:
        return list(connection.execute(text(query.format(commun=commun))))

    return _Codes(
        rows(COG)[0][0],
        {code: (nom, departement) for code, nom, departement, _ in rows(COMMUNES)},
        {code: (commune, motif) for code, commune, motif in rows(PARTIES)},
        {code: (nom, collectivite) for code, nom, collectivite in rows(OUTREMER)},
        [Mouvement(*row) for row in rows(MOUVEMENTS)],
    )


def _present(code: str, codes: _Codes) -> str | None:
    if code in codes.communes:
        nom, departement = codes.communes[code]
        return f"{code} est {nom} ({departement}), commune au {say_day(codes.jour)}"
    if code in codes.outremer:
        nom, collectivite = codes.outremer[code]
        return f"{code} est {nom}, dans une collectivité d'outre-mer ({collectivite}) : hors de tous les échelons"
    if code in codes.parties:
        commune, motif = codes.parties[code]
        article = "un arrondissement" if motif == "arrondissement" else f"une {motif}"
        return f"{code} est {article} {say_of(codes.communes[commune][0])} ({commune}) au {say_day(codes.jour)}"
    return None


def _arrival(code: str, jour: dt.date | None, codes: _Codes) -> str:
    """Where the people of the code are now, in one sentence; empty when no day is asked and none ever left it."""
    days = [m.date for m in codes.mouvements if m.code_avant == code and m.est_de_communes and m.deplace]
    if not jour and not days:
        return ""
    since = jour or min(days) - dt.timedelta(days=1)
    parts = carry(code, since, codes.mouvements)
    nom = name_on(code, since, codes.mouvements)
    if nom is None and any(touches(m, code) for m in codes.mouvements):
        return f"Le {say_day(since)}, aucune commune ne portait le code {code}."
    if nom is None and code not in codes.communes:
        return ""
    nom = nom or codes.communes[code][0]
    if parts == {code: 1.0}:
        return f"Le {say_day(since)}, le code {code} désignait {nom}, au même endroit qu'aujourd'hui."
    where = [
        f"{codes.communes[c][0]} ({c})" + (f" pour {say_share(part)}" if part < 1 else "")
        for c, part in sorted(parts.items(), key=lambda item: -item[1])
        if c in codes.communes
    ]
    return f"Ce que le code {code} désignait le {say_day(since)} ({nom}) est aujourd'hui à {say_list(where)}."
