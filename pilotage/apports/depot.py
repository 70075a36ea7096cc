"""The folder of a territory's files: what it offers to the collection, and what it no longer does."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, text

from pilotage.apports import MILLESIME, PREFIXE
from pilotage.catalogue import Source
from pilotage.database import get_engine
from pilotage.demande import Demande, is_plain_name
from pilotage.errors import ErreurApport, ErreurPilotage
from pilotage.landing import Depot, Suivi
from pilotage.transport import folder_url

TABLEURS = (".xlsx", ".xls", ".ods", ".tsv")
RETIRE = text("""
    UPDATE pilotage.livraisons SET etat = 'remplacee', motif = 'retirée du dossier apports', decidee_le = now()
    WHERE source = :source AND fichier = :fichier AND etat <> 'remplacee'
    RETURNING livraison, table_raw
""")


def list_files(card: Source, folder: Path) -> list[Path]:
    """CSV files of one type, by name."""
    place = folder / card.source.removeprefix(PREFIXE)
    return sorted(p for p in place.glob("*.csv") if p.is_file() and not p.name.startswith("."))


def list_apports(card: Source, folder: Path) -> tuple[list[Demande], list[ErreurPilotage]]:
    """The files to take in, and an error for each one that is not a CSV; nothing at all is no error."""
    demandes, errors = [], []
    for path in list_files(card, folder):
        if is_plain_name(path.name):
            url = f"{folder_url(path.parent)}/{path.name}"
            demandes.append(Demande(card.source, MILLESIME, path.name, url))
        else:
            errors.append(ErreurApport("nom de fichier refusé", source=card.source, fichier=path.name))
    place = folder / card.source.removeprefix(PREFIXE)
    for path in sorted(place.iterdir()) if place.is_dir() else []:
        if path.suffix != ".csv" and path.suffix.lower() == ".csv":
            advice = f"le nommer {path.stem}.csv"
            errors.append(
                ErreurApport("extension en majuscules", source=card.source, fichier=path.name, conseil=advice)
            )
        if path.suffix.lower() in TABLEURS:
            advice = "l'enregistrer sous « CSV UTF-8 », séparateur point-virgule"
            errors.append(
                ErreurApport("seuls les fichiers .csv sont lus", source=card.source, fichier=path.name, conseil=advice)
            )
    return demandes, errors


def withdraw_missing(card: Source, depot: Depot, folder: Path) -> list[str]:
    """Stop serving the files that were taken out of the folder.

    A folder that is not there, or wholly empty (a disk that was not mounted), withdraws nothing: the type's own folder
    must stand, or another type have files.

    Returns:
        Their names.
    """
    place = folder / card.source.removeprefix(PREFIXE)
    if not place.is_dir() and not any(folder.glob("*/*.csv")):
        return []
    offered = {path.name for path in list_files(card, folder)}
    gone = sorted({recu.fichier for recu, current in depot.receipts(card.source) if current} - offered)
    with get_engine().begin() as connection:
        for name in gone:
            depot.follow(Demande(card.source, MILLESIME, name, ""), Suivi("", 0, ""))
            _detach(connection, card.source, name)
    return gone


def _detach(connection: Connection, source: str, fichier: str) -> None:
    for livraison, table in connection.execute(RETIRE, {"source": source, "fichier": fichier}).all():
        for schema in ("raw", "raw_candidats"):
            connection.execute(text(f'DROP TABLE IF EXISTS {schema}."{table}__{livraison}"'))
