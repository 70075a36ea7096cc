"""The declared packages of the Open Data: which tables each holds, and what a catalogue says of it."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from pilotage.errors import ErreurPublication

FICHIER = Path(__file__).with_name("exposes.yml")


class Paquet(BaseModel):
    """One package. `themes` are codes of the EU's data-theme authority table, `frequence` of its frequency table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    nom: str
    titre: str
    description: str
    themes: tuple[str, ...]
    mots: tuple[str, ...]
    frequence: str
    tables: tuple[str, ...]


class Exposes(BaseModel):
    """All packages, and what they share."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    editeur: str
    page: str
    contact: str
    langue: str
    etendue: str
    paquets: tuple[Paquet, ...]

    def package_of(self, table: str) -> Paquet:
        """The package of `schema.table`: the first whose pattern fits.

        Raises:
            ErreurPublication: none does.
        """
        for package in self.paquets:
            if any(fnmatchcase(table, pattern) for pattern in package.tables):
                return package
        raise ErreurPublication(
            "cette table publiée n'est dans aucun paquet déclaré", source=table, conseil=f"l'ajouter à {FICHIER.name}"
        )

    def share_out(self, tables: Iterable[str]) -> dict[str, list[str]]:
        """Tables by package, in the order declared; a package without table is left out."""
        shared: dict[str, list[str]] = {package.nom: [] for package in self.paquets}
        for table in tables:
            shared[self.package_of(table).nom].append(table)
        return {name: found for name, found in shared.items() if found}


@lru_cache(maxsize=1)
def load_exposes() -> Exposes:
    return Exposes.model_validate(yaml.safe_load(FICHIER.read_text(encoding="utf-8")))
