"""The tables of schema `synthese` as `tables.yml` declares them: columns, types, keys and French comments."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict
from sqlalchemy import REAL, BigInteger, Boolean, Column, Date, Float, Integer, MetaData, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

FICHIER = Path(__file__).with_name("tables.yml")
TYPES = {
    "texte": Text,
    "entier": Integer,
    "entier_court": SmallInteger,
    "entier_long": BigInteger,
    "decimal": Float,
    "decimal_court": REAL,
    "booleen": Boolean,
    "jour": Date,
    "json": JSONB,
}
# Column -> table and column of `commun` that it points at.
ETRANGERES = {
    "cle_territoire": ("dim_territoires", "cle_territoire"),
    "cle_pair": ("dim_territoires", "cle_territoire"),
    "code_indicateur": ("dim_indicateurs", "code_indicateur"),
    "code_action": ("dim_actions", "code_action"),
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Colonne(_Strict):
    """A column; `cle` puts it in the primary key, `vide` lets it be empty."""

    nom: str
    type: Literal[tuple(TYPES)]  # type: ignore[valid-type]
    description: str
    cle: bool = False
    vide: bool = False


class Declaration(_Strict):
    """A table; its grain comes first in the description."""

    nom: str
    description: str
    colonnes: tuple[Colonne, ...]

    @property
    def cle(self) -> list[str]:
        return [c.nom for c in self.colonnes if c.cle]


@cache
def load_tables() -> tuple[Declaration, ...]:
    """The declared tables, in the order of the file."""
    content = yaml.safe_load(FICHIER.read_text(encoding="utf-8"))
    return tuple(Declaration.model_validate(table) for table in content["tables"])


def build_metadata(schema: str) -> MetaData:
    """Tables of `schema`, without their keys: those are added once the rows are in."""
    metadata = MetaData(schema=schema)
    for table in load_tables():
        columns = [Column(c.nom, TYPES[c.type], nullable=c.vide, comment=c.description) for c in table.colonnes]
        Table(table.nom, metadata, *columns, comment=table.description)
    return metadata
