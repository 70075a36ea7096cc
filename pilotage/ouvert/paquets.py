"""The packages of an export: one folder a subject, whose files are the export's own (hard links: no byte twice)."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from pilotage.datapackage import Generation, SourceServie, TableExportee, describe_file, describe_package
from pilotage.lisezmoi import write_lisezmoi, write_sums
from pilotage.ouvert.exposes import Exposes, Paquet
from pilotage.ouvert.geographie import Couche
from pilotage.ouvert.standard_lieux import FICHIER, SCHEMA, Conversion

DOSSIER = "paquets"
MEDIAS = {
    "geojson": ("geojson", "application/geo+json"),
    "parquet": ("geoparquet", "application/vnd.apache.parquet"),
}


@dataclass(frozen=True)
class PaquetEcrit:
    """A package written: its folder and its descriptor."""

    paquet: Paquet
    dossier: Path
    descripteur: dict


def write_packages(
    exposes: Exposes,
    generation: Generation,
    exported: list[TableExportee],
    sources: dict[str, SourceServie],
    layers: list[tuple[Couche, Path]],
    places: Conversion | None,
    folder: Path,
    former: Path | None,
) -> list[PaquetEcrit]:
    """Write `paquets/<nom>/` with datapackage.json, LISEZMOI.md and SHA256SUMS.

    A package whose data files are those of the former export keeps its version and its date: it has not changed.
    """
    by_table = {one.table.nom_complet: one for one in exported}
    written = []
    for name, tables in exposes.share_out(sorted(by_table)).items():
        package = next(one for one in exposes.paquets if one.nom == name)
        target = folder / DOSSIER / name
        target.mkdir(parents=True)
        inside = [_linked(by_table[table], target) for table in tables]
        descriptor = describe_package(generation, inside, sources, target)
        descriptor["resources"] += _layers(layers, set(tables), by_table, target)
        if places and "commun.dim_lieux" in tables:
            descriptor["resources"].append(_standard(places, by_table["commun.dim_lieux"], target))
        descriptor = {
            **descriptor,
            "name": f"pilotage-{name}",
            "title": _title(package, generation),
            "description": f"{'DONNÉES SIMULÉES. ' if generation.est_simulee else ''}{package.description}",
            "keywords": list(package.mots),
        }
        descriptor = _keep_version(descriptor, former / DOSSIER / name if former else None)
        text = json.dumps(descriptor, ensure_ascii=False, indent=1) + "\n"
        (target / "datapackage.json").write_text(text, encoding="utf-8")
        served = Generation(descriptor["version"], descriptor["created"], generation.est_simulee)
        write_lisezmoi(served, inside, sources, target, places if name == "lieux" else None, package)
        write_sums(target)
        written.append(PaquetEcrit(package, target, descriptor))
    return written


def _title(package: Paquet, generation: Generation) -> str:
    return f"DONNÉES SIMULÉES : {package.titre}" if generation.est_simulee else package.titre


def _linked(one: TableExportee, target: Path) -> TableExportee:
    files = one.fichiers
    prefix = "" if one.table.schema in ("commun", target.name) else f"{one.table.schema}_"
    csv, parquet = (_link(path, target, f"{prefix}{path.name}") for path in (files.csv, files.parquet))
    return replace(one, fichiers=replace(files, csv=csv, parquet=parquet))


def _link(path: Path, target: Path, name: str | None = None) -> Path:
    linked = target / (name or path.name)
    try:
        os.link(path, linked)
    except OSError:  # a file system without hard links
        shutil.copyfile(path, linked)
    return linked


def _layers(layers: list, tables: set[str], by_table: dict[str, TableExportee], target: Path) -> list[dict]:
    resources = []
    for layer, path in layers:
        if layer.table in tables:
            kind, media = MEDIAS[path.suffix.removeprefix(".")]
            resources.append(
                {
                    "name": f"{layer.nom}.{kind}",
                    "type": "file",
                    "title": layer.titre,
                    "licenses": by_table[layer.table].licence.descripteurs,
                    **describe_file(_link(path, target, f"geo_{path.name}"), target),
                    "scheme": "file",
                    "format": kind,
                    "mediatype": media,
                }
            )
    return resources


def _standard(places: Conversion, origin: TableExportee, target: Path) -> dict:
    return {
        "name": FICHIER.removesuffix(".csv"),
        "type": "file",
        "title": "Lieux de médiation numérique, au standard national",
        "description": f"Standard LaMedNum v1.0.2 : {places.ecrits} lieux ; colonnes et règles : {SCHEMA}",
        "licenses": origin.licence.descripteurs,
        **describe_file(_link(places.fichier, target), target),
        "scheme": "file",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "conformsTo": SCHEMA,
    }


def _keep_version(descriptor: dict, former: Path | None) -> dict:
    path = former / "datapackage.json" if former else None
    if path is None or not path.exists():
        return descriptor
    before = json.loads(path.read_text(encoding="utf-8"))
    if [r.get("hash") for r in before["resources"]] != [r.get("hash") for r in descriptor["resources"]]:
        return descriptor
    same = {name: before[name] for name in ("version", "created")}
    return {**descriptor, **same, "pilotage": {**descriptor["pilotage"], "generation": before["version"]}}
