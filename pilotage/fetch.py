"""Fetch a source: every file that upstream offers lands with its receipt, and the journal learns what is new.

    list (card or mirror) -> download if changed -> inspect -> land -> record in pilotage.livraisons ('recue')

A folder, an HTTP mirror, the simulation and the Internet go the same way. A file that fails costs itself only: the
others land, its own last delivery stays, and one error tells of all the failures at the end.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from sqlalchemy import Connection, text

from pilotage.apports.controle import refuse_faults
from pilotage.apports.depot import list_apports, withdraw_missing
from pilotage.catalogue import Source, get_source
from pilotage.config import get_settings
from pilotage.database import get_engine
from pilotage.demande import Demande, Limites
from pilotage.download import download
from pilotage.errors import ErreurFiche, ErreurPilotage, ErreurTelechargement
from pilotage.inspection import check_file
from pilotage.landing import Depot, Recu, Suivi, companions_of, open_depot
from pilotage.nature import ensure_nature
from pilotage.suivi import check_courante
from pilotage.transport import open_client
from pilotage.upstream import list_demandes

journal = logging.getLogger(__name__)

RECORD = text("""
    INSERT INTO pilotage.livraisons AS connue (livraison, source, millesime, fichier, table_raw, sha256, taille_octets,
        url, etag, last_modified, recue_le, etat, parties)
    VALUES (:livraison, :source, :millesime, :fichier, :table_raw, :sha256, :taille_octets,
        :url, :etag, :last_modified, :recue_le, :etat, :parties)
    ON CONFLICT (livraison) DO UPDATE
    SET etat = 'recue', recue_le = now(), motif = NULL, decidee_le = NULL, parties = EXCLUDED.parties
    WHERE EXCLUDED.etat = 'recue'
        AND (connue.etat = 'remplacee' OR connue.parties IS DISTINCT FROM EXCLUDED.parties)
    RETURNING livraison
""")
SUPERSEDE = text("""
    UPDATE pilotage.livraisons SET etat = 'remplacee'
    WHERE source = :source AND millesime = :millesime AND fichier = :fichier
        AND livraison <> :livraison AND etat = 'recue'
""")
REVIVE = text("""
    UPDATE pilotage.livraisons SET etat = 'recue'
    WHERE livraison = (
        SELECT livraison FROM pilotage.livraisons
        WHERE source = :source AND millesime = :millesime AND fichier = :fichier AND etat = 'remplacee'
            AND coalesce(motif, '') NOT LIKE 'effacée du dépôt%'
        ORDER BY recue_le DESC LIMIT 1)
    AND NOT EXISTS (
        SELECT FROM pilotage.livraisons
        WHERE source = :source AND millesime = :millesime AND fichier = :fichier
            AND etat IN ('recue', 'candidate', 'acceptee'))
    RETURNING livraison
""")


@dataclass
class RapportFetch:
    """What a fetch did. `octets` are those moved; `avertissements` are sentences for a person."""

    source: str
    nouvelles: list[str] = field(default_factory=list)
    inchangees: int = 0
    octets: int = 0
    secondes: float = 0.0
    avertissements: list[str] = field(default_factory=list)


def fetch_source(source: str, limites: Limites | None = None) -> RapportFetch:
    """Land every file of a source that changed and record the current deliveries that the journal does not know.

    Raises:
        ErreurTelechargement: some files failed; the good ones have been landed and recorded.
        ErreurConfiguration: the input is simulated and the warehouse is not, or the reverse.
        ErreurFiche: no such card.
    """
    debut = time.monotonic()
    settings, card = get_settings(), get_source(source)
    limites = limites or Limites.from_settings(settings)
    ensure_nature(settings)
    rapport = RapportFetch(source)
    depot = open_depot(settings)
    own = card.est_apport and not settings.is_simulation  # the territory's folder, whatever the rest is read from
    miroir = str(settings.apports) if own else None if settings.sources == "internet" else settings.mirror
    with depot.lock(source, limites.verrou_s):
        try:
            if own:
                gone = withdraw_missing(card, depot, settings.apports)
                rapport.avertissements += [f"{card.source} : {name} retiré du dossier, plus servi" for name in gone]
            errors = land_source(card, miroir, depot, limites, rapport, settings.is_simulation)
        finally:
            rapport.nouvelles = _record_source(card, depot, settings.is_simulation)
    rapport.secondes = round(time.monotonic() - debut, 3)
    for avertissement in rapport.avertissements:
        journal.warning(avertissement)
    if errors:
        raise _one_error(source, errors)
    return rapport


def land_source(
    card: Source, miroir: str | None, depot: Depot, limites: Limites, rapport: RapportFetch, est_simule: bool
) -> list[ErreurPilotage]:
    """Land what changed; the errors of the files that failed, each with what still serves in the meantime.

    Raises:
        ErreurTelechargement: the list of the files itself could not be had.
    """
    with open_client(miroir, connexion_s=limites.connexion_s, lecture_s=limites.lecture_s) as client:
        if card.est_apport and not est_simule:
            demandes, errors = list_apports(card, Path(miroir or ""))
        else:
            demandes, errors = list_demandes(card, miroir, client, depot, limites)
        if not demandes and not errors and not card.est_apport:
            rapport.avertissements.append(f"{card.source} : absente du miroir, jamais vue sur fichier réel ; ignorée")
        for demande in demandes:
            try:
                _land_file(client, card, demande, depot, limites, rapport, est_simule)
            except ErreurTelechargement as error:
                errors.append(_with_fallback(error, depot.read_suivi(demande)))
    offered = {(demande.millesime, demande.fichier) for demande in demandes}
    for recu, current in depot.receipts(card.source):
        if current and recu.est_simule == est_simule and (recu.millesime, recu.fichier) not in offered:
            name = f"{card.source} : {recu.millesime}/{recu.fichier}"
            rapport.avertissements.append(f"{name} n'est plus proposé ; la livraison reçue reste servie")
    return errors


def reindex_landing(source: str | None = None) -> list[str]:
    """Record again what the landing's receipts tell, after a loss of the database; known deliveries do not move.

    Returns:
        The deliveries that are waiting to be loaded because of it.
    """
    settings = get_settings()
    ensure_nature(settings)
    depot = open_depot(settings)
    names = [source] if source else sorted({recu.source for recu, _ in depot.receipts()})
    recorded = []
    for name in names:
        with depot.lock(name, Limites.verrou_s):
            recorded += _record_source(get_source(name), depot, settings.is_simulation, history=True)
    return recorded


def _land_file(
    client: httpx.Client,
    card: Source,
    demande: Demande,
    depot: Depot,
    limites: Limites,
    rapport: RapportFetch,
    est_simule: bool,
) -> None:
    suivi = depot.read_suivi(demande)
    got = download(client, demande, depot, limites, suivi)
    if got is None:
        rapport.inchangees += 1
        return
    rapport.octets += got.octets_transferes
    if suivi and suivi.sha256 == got.sha256:
        depot.drop_partiel(demande)
        depot.follow(demande, Suivi(got.sha256, got.taille_octets, demande.url, got.etag, got.last_modified))
        rapport.inchangees += 1
        return
    try:
        check_file(demande, depot.partiel(demande), limites)
        if card.est_apport:
            folder = None if est_simule else get_settings().apports
            refuse_faults(card, depot.partiel(demande), demande.fichier, est_simule, folder)
    except ErreurTelechargement:
        depot.drop_partiel(demande)
        raise
    if demande.sha256_annonce not in (None, got.sha256):
        differs = f"{demande.source} : {demande.nom} n'a plus l'empreinte que MANIFEST.tsv annonce ; reçu tel quel"
        rapport.avertissements.append(differs)
    now = dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")
    recu = Recu(
        demande.source, demande.millesime, demande.fichier, got.sha256, got.taille_octets, demande.url, got.url_finale,
        now, got.etag, got.last_modified, got.type_contenu, est_simule,
    )  # fmt: skip
    depot.land(demande, recu)


def _record_source(card: Source, depot: Depot, est_simule: bool, history: bool = False) -> list[str]:
    """Record the landing's current deliveries of a source, and with `history` the former ones as replaced."""
    recorded = []
    with get_engine().begin() as connection:
        check_courante(connection)
        receipts = [(r, current) for r, current in depot.receipts(card.source) if r.est_simule == est_simule]
        for recu, current in sorted(receipts, key=lambda pair: pair[1]):  # former ones first
            if current or history:
                parts = companions_of(recu, receipts) if current else []
                recorded += _record(connection, card, recu, "recue" if current else "remplacee", parts)
    return recorded


def _record(connection: Connection, card: Source, recu: Recu, etat: str, parts: list[Recu]) -> list[str]:
    try:
        found = card.find(recu.fichier, recu.millesime)
    except ErreurFiche:
        found = None  # the card no longer wants it: it stays in the landing, out of the journal
    if found is None:
        return []
    values = {
        "livraison": recu.livraison, "source": recu.source, "millesime": recu.millesime, "fichier": recu.fichier,
        "table_raw": found[0].table, "sha256": recu.sha256, "taille_octets": recu.taille_octets, "url": recu.url,
        "etag": recu.etag, "last_modified": recu.last_modified, "recue_le": recu.recu_le, "etat": etat,
        "parties": " ".join(f"{part.fichier}:{part.sha256[:16]}" for part in parts) or None,
    }  # fmt: skip
    changed = connection.scalar(RECORD, values)
    if etat != "recue":
        return []
    if changed:
        connection.execute(SUPERSEDE, values)
        return [recu.livraison]
    former = connection.scalar(REVIVE, values)  # current one refused and nothing serves: the one before it may
    return [former] if former else []


def _with_fallback(error: ErreurTelechargement, suivi: Suivi | None) -> ErreurTelechargement:
    kept = f"la livraison précédente ({suivi.sha256[:8]}…) reste servie" if suivi else "aucune livraison précédente"
    error.conseil = f"{error.conseil} ; {kept}" if error.conseil else kept
    return error


def _one_error(source: str, errors: list[ErreurPilotage]) -> ErreurPilotage:
    """A single error as it is; several as one that lists them."""
    if len(errors) == 1:
        return errors[0]
    lines = "".join(f"\n  - {error}" for error in errors)
    return ErreurTelechargement(f"{len(errors)} fichiers n'ont pas pu être collectés :{lines}", source=source)
