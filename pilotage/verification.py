"""Read every file of an input against its card, without loading anything."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pilotage.catalogue import Source
from pilotage.errors import ErreurPilotage
from pilotage.landing import Depot
from pilotage.magasin import ErreurMagasin
from pilotage.readers import describe, iter_records, read_columns


@dataclass(frozen=True)
class Constat:
    """What reading one file told."""

    source: str
    millesime: str
    fichier: str
    etat: str  # lu, ecarte, refuse
    lignes: int
    secondes: float
    message: str = ""


def check_folder(card: Source, folder: Path) -> Iterator[Constat]:
    """One statement a file of `<folder>/<source>/<millésime>/`."""
    root = folder / card.source
    for millesime in sorted(p.name for p in root.iterdir() if p.is_dir()) if root.is_dir() else []:
        for path in sorted(p for p in (root / millesime).iterdir() if p.is_file()):
            yield check_file(card, millesime, path)


def check_landing(card: Source, depot: Depot) -> Iterator[Constat]:
    """One statement a landed file, brought from the store when another machine received it."""
    landed = sorted((recu for recu, _ in depot.receipts(card.source)), key=lambda r: (r.millesime, r.sha256, r.fichier))
    refused = {}
    for recu in landed:  # all of them first: the parts of a shapefile are read with it
        try:
            depot.bring(recu, recu.sha256)
        except ErreurMagasin as error:
            refused[recu] = str(error)
    for recu in landed:
        if recu in refused:
            yield Constat(card.source, recu.millesime, recu.fichier, "refuse", 0, 0.0, refused[recu])
        else:
            yield check_file(card, recu.millesime, depot.chemin(recu, recu.sha256))


def check_file(card: Source, millesime: str, path: Path) -> Constat:
    """Read one file to its end."""
    start = time.monotonic()
    try:
        livre = describe(card, millesime, path)
        if livre is None:
            return Constat(card.source, millesime, path.name, "ecarte", 0, 0.0, "laissé au dépôt par la fiche")
        columns = read_columns(livre)
        count = sum(1 for _ in iter_records(livre))
    except ErreurPilotage as error:
        return Constat(card.source, millesime, path.name, "refuse", 0, time.monotonic() - start, str(error))
    new = f"colonnes nouvelles : {', '.join(columns.nouvelles)}" if columns.nouvelles else ""
    return Constat(card.source, millesime, path.name, "lu", count, time.monotonic() - start, new)
