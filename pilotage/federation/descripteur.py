"""The descriptor of a package that somebody gives: its shape checked once, before any name in it is used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from pilotage.errors import ErreurPublication

TAILLE_MAX = 64 << 20  # bytes
RESSOURCES_MAX = 5000


class _Partie(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")


class _Champ(_Partie):
    name: str = Field(max_length=200)


class _Schema(_Partie):
    fields: list[_Champ] = []
    cle: Annotated[list[str], BeforeValidator(lambda v: [v] if isinstance(v, str) else v)] = Field(
        default=[], alias="primaryKey"
    )


class _Licence(_Partie):
    title: str


class _Origine(_Partie):
    name: str
    title: str = ""
    attribution: str = ""


class _Ressource(_Partie):
    name: str
    path: str
    type: str = ""
    title: str = ""
    description: str = ""
    table: _Schema = Field(default=_Schema(), alias="schema")
    licenses: list[_Licence] = []
    sources: list[_Origine] = []
    pilotage: dict[str, Any] = {}


class _Nature(_Partie):
    donnees_simulees: bool
    territoires: list[str] = []


class _Descripteur(_Partie):
    title: str = ""
    created: str = ""
    version: str = ""
    pilotage: _Nature
    resources: list[_Ressource] = Field(max_length=RESSOURCES_MAX)


def read_descriptor(path: Path, source: str) -> dict[str, Any]:
    """The content of a `datapackage.json`.

    Args:
        source: the package's name, for messages.

    Raises:
        ErreurPublication: not a descriptor, or one that names a resource twice.
    """
    place = {"source": source, "fichier": "datapackage.json"}
    try:
        with path.open("rb") as file:
            content = file.read(TAILLE_MAX + 1)
        if len(content) > TAILLE_MAX:
            raise ValueError(f"plus de {TAILLE_MAX >> 20} Mio")
        described = json.loads(content.decode("utf-8"))
        known = _Descripteur.model_validate(described)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ErreurPublication(f"descripteur illisible : {first['msg']}", colonne=where, **place) from error
    except (OSError, ValueError, RecursionError) as error:
        raise ErreurPublication(f"descripteur illisible : {str(error)[:200]}", **place) from error
    names = [resource.name for resource in known.resources]
    twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if twice is not None:
        raise ErreurPublication("ressource donnée deux fois", colonne=twice, **place)
    for resource in described["resources"]:
        key = resource.get("schema", {}).get("primaryKey")
        if isinstance(key, str):
            resource["schema"]["primaryKey"] = [key]
    return described
