"""`datapackage.json` of an export: Frictionless Data Package with a Table Schema for each table."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from pilotage.catalogue import Source
from pilotage.ecriture_csv import NEUTRALISATION
from pilotage.ecriture_parquet import FichiersTable
from pilotage.licences import LicenceTable, describe_licence
from pilotage.tables_publiees import ColonnePubliee, TablePubliee

FORMATS_DATE = {
    "timestamp without time zone": "%Y-%m-%dT%H:%M:%S.%f",
    "timestamp with time zone": "%Y-%m-%dT%H:%M:%S.%fZ",
}


@dataclass(frozen=True)
class TableExportee:
    """A table, its two files, what it owes to its sources, and the units that dbt declares."""

    table: TablePubliee
    fichiers: FichiersTable
    licence: LicenceTable
    unites: dict[str, str]


@dataclass(frozen=True)
class SourceServie:
    """A source as this generation serves it."""

    fiche: Source
    millesime: str | None = None
    date_donnees: str | None = None
    est_perimee: bool | None = None


@dataclass(frozen=True)
class Generation:
    """The generation that is exported; `creee_le` is ISO 8601 in UTC."""

    nom: str
    creee_le: str
    est_simulee: bool


def describe_package(
    generation: Generation, exportees: list[TableExportee], sources: dict[str, SourceServie], folder: Path
) -> dict:
    """The whole descriptor. Nothing in it depends on the day of the export: same generation, same text."""
    used = sorted({name for exported in exportees for name in exported.licence.sources})
    licences = {licence["title"]: licence for exported in exportees for licence in exported.licence.descripteurs}
    title = f"Pilotage : feuille de route numérique des territoires, génération {generation.nom}"
    names = {exported.table.nom_complet: exported.table for exported in exportees}
    return {
        "profile": "data-package",
        "name": f"pilotage-{generation.nom}",
        "title": f"DONNÉES SIMULÉES : {title}" if generation.est_simulee else title,
        "description": description_of(generation),
        "version": generation.nom,
        "created": generation.creee_le,
        "licenses": [licences[name] for name in sorted(licences)],
        "sources": [_describe_source(sources[name]) for name in used],
        "pilotage": {
            "generation": generation.nom,
            "donnees_simulees": generation.est_simulee,
            "sources_de_licence_inconnue": sorted({n for e in exportees for n in e.licence.inconnues}),
            "neutralisation": NEUTRALISATION,
        },
        "resources": [r for e in exportees for r in _describe_resources(e, names, sources, folder)],
    }


def description_of(generation: Generation) -> str:
    """What the package is, in French; simulated data are said first."""
    text = "Toutes les tables publiées par l'entrepôt Pilotage : un CSV avec son schéma, et sa copie Parquet."
    if generation.est_simulee:
        return f"DONNÉES SIMULÉES : territoire fictif, aucun chiffre n'est réel. {text}"
    return text


def _describe_resources(
    exported: TableExportee, names: dict[str, TablePubliee], sources: dict[str, SourceServie], folder: Path
) -> list[dict]:
    table, licence, files = exported.table, exported.licence, exported.fichiers
    shared = {
        "title": table.description.partition(".")[0] or table.nom_complet,
        "description": table.description,
        "licenses": licence.descripteurs,
        "sources": [_describe_source(sources[name]) for name in licence.sources],
        "pilotage": {
            "licence": licence.explication,
            "lignes": files.lignes,
            "cellules_neutralisees": files.neutralisees,
        },
    }
    csv = {
        "name": table.nom_complet,
        "type": "table",
        **shared,
        **describe_file(files.csv, folder),
        "scheme": "file",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "dialect": {"csv": {"delimiter": ",", "quoteChar": '"', "doubleQuote": True, "lineTerminator": "\r\n"}},
        "schema": table_schema(table, names, exported.unites),
    }
    if files.csv.suffix == ".gz":
        csv["compression"] = "gz"
    parquet = {
        "name": f"{table.nom_complet}.parquet",
        "type": "file",
        **shared,
        **describe_file(files.parquet, folder),
        "scheme": "file",
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
    }
    return [csv, parquet]


def table_schema(table: TablePubliee, names: dict[str, TablePubliee], unites: dict[str, str]) -> dict:
    """Table Schema of a table; a foreign key is kept only when its table is in the package."""
    schema: dict = {
        "fields": [_describe_field(column, unites.get(column.nom) or column.unite) for column in table.colonnes],
        "missingValues": [""],
    }
    if table.cle:
        schema["primaryKey"] = list(table.cle)
    foreign = []
    for key in table.cles_etrangeres:
        if key.vers in names:
            resource = "" if key.vers == table.nom_complet else key.vers  # "" is the table itself
            reference = {"resource": resource, "fields": list(key.colonnes_vers)}
            foreign.append({"fields": list(key.colonnes), "reference": reference})
    return {**schema, "foreignKeys": foreign} if foreign else schema


def _describe_field(column: ColonnePubliee, unit: str | None) -> dict:
    field: dict = {"name": column.nom, "type": column.genre_json or field_type(column.type_sql)}
    if pattern := FORMATS_DATE.get(re.sub(r"\(\d+\)", "", column.type_sql)):
        field["format"] = pattern
    if column.description:
        field["description"] = column.description
    if unit:
        field["unit"] = unit
    if column.obligatoire:
        field["constraints"] = {"required": True}
    return field


def field_type(type_sql: str) -> str:
    """Table Schema's name of a PostgreSQL type."""
    if type_sql.endswith("[]"):
        return "array"
    base = re.sub(r"\(.*?\)", "", type_sql)
    known = {
        "smallint": "integer", "integer": "integer", "bigint": "integer", "real": "number",
        "double precision": "number", "numeric": "number", "boolean": "boolean", "date": "date",
        "timestamp with time zone": "datetime", "timestamp without time zone": "datetime",
        "jsonb": "object", "json": "object",
    }  # fmt: skip
    return known.get(base, "string")


def describe_file(path: Path, folder: Path) -> dict:
    """`path`, `bytes` and `hash` of a resource, relative to the package's folder."""
    return {
        "path": path.relative_to(folder).as_posix(),
        "bytes": path.stat().st_size,
        "hash": f"sha256:{sha256_of(path)}",
    }


def _describe_source(served: SourceServie) -> dict:
    card = served.fiche
    described = {"title": f"{card.producteur}, {card.titre}", "name": card.source, "attribution": card.attribution}
    described["licence"] = describe_licence(card.licence)["title"]
    if card.page.startswith("http"):
        described["path"] = card.page
    return {**described, "version": served.millesime} if served.millesime else described


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, read block by block."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
