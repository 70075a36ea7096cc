"""Upstream headers matched to a card: what is missing, what is new, what is another file altogether."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pilotage.readers import Livre


@dataclass(frozen=True)
class Colonnes:
    """Upstream headers in file order, and the raw column of each (None: left in the landing)."""

    entetes: list[str]
    noms: list[str | None]
    nouvelles: list[str]


def match_headers(livre: Livre, headers: list[str]) -> Colonnes:
    """The raw column of each header.

    Raises:
        ErreurLecture: a column of the card is missing, or stands twice, or the file is another source's.
    """
    suffixes = livre.source.millesime(livre.millesime).suffixes
    names: list[str | None] = []
    new: list[str] = []
    for header in (unicodedata.normalize("NFC", header) for header in headers):
        if header in livre.fichier.colonnes_ignorees:
            names.append(None)
            continue
        name = livre.fichier.entetes.get(header) or next(
            (c.nom for c in livre.table.colonnes if c.matches(header, suffixes)), None
        )
        names.append(name)
        if name is None:
            new.append(header)
    known = [name for name in names if name]
    missing = [c.nom for c in livre.table.colonnes if not c.facultative and c.nom not in known]
    missing = [name for name in missing if not _left_out(livre, name)]
    if missing:
        raise livre.error(
            "colonne absente" if known else "fichier d'une autre source",
            colonne=", ".join(missing),
            attendu=describe_expected(livre),
            conseil=f"le fichier donne {', '.join(headers[:12])} ; comparer la fiche au fichier",
        )
    twice = sorted({name for name in known if known.count(name) > 1})
    if twice:
        raise livre.error("deux colonnes du fichier pour une de la fiche", colonne=", ".join(twice))
    return Colonnes(headers, names, new)


def _left_out(livre: Livre, name: str) -> bool:
    """A layout that renames headers may lack columns that other layouts of the table have."""
    return bool(livre.fichier.entetes) and name not in livre.fichier.entetes.values()


def describe_expected(livre: Livre) -> str:
    """The columns that a file must have, in words."""
    return "colonnes " + ", ".join(c.nom for c in livre.table.colonnes if not c.facultative)
