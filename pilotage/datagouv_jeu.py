"""From a package to what data.gouv.fr is told of its dataset and resources: same package, same text."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pilotage.errors import ErreurPublication
from pilotage.ouvert.exposes import load_exposes

DESCRIPTEUR = "datapackage.json"
LICENCES = {"etalab-1.0": "fr-lo", "etalab-2.0": "lov2", "ODbL-1.0": "odc-odbl", "other-open": "other-open"}
GRANULARITE = "fr:commune"
NIVEAUX = ("commune", "epci", "departement", "region")  # levels that data.gouv.fr has zones for
CLE_JEU, CLE_CHEMIN, CLE_SOMME = "pilotage:paquet", "pilotage:chemin", "pilotage:sha256"
MOT_MIN = 3  # data.gouv.fr refuses a shorter tag


@dataclass(frozen=True)
class Fichier:
    """A file to publish, and what is said of it."""

    chemin: str
    local: Path
    octets: int
    sha256: str
    description: dict

    def digest(self, kind: str) -> str:
        """Hexadecimal digest of the file by the algorithm that the remote checksum names."""
        if kind == "sha256":
            return self.sha256
        with self.local.open("rb") as handle:
            return hashlib.file_digest(handle, kind).hexdigest()


@dataclass(frozen=True)
class Jeu:
    """A package read from its folder."""

    dossier: Path
    descripteur: dict

    @property
    def cle(self) -> str:
        """Name that does not change from a generation to the next."""
        return self.descripteur["name"].removesuffix(f"-{self.descripteur.get('version', '')}")

    @property
    def est_simule(self) -> bool:
        """A package that does not say what its data are is not taken for real."""
        return self.descripteur.get("pilotage", {}).get("donnees_simulees", True) is not False

    @property
    def charge(self) -> dict:
        """Body of the dataset, without the organisation."""
        return {
            "title": self.descripteur["title"],
            "description": _describe(self.descripteur),
            "license": _licence(self.descripteur.get("licenses", [])),
            "frequency": _frequency(self.cle),
            "tags": sorted({tag for tag in map(_slug, self.descripteur.get("keywords", [])) if len(tag) >= MOT_MIN}),
            "spatial": {"zones": _zones(self.descripteur), "granularity": GRANULARITE},
            "extras": {CLE_JEU: self.cle},
        }

    @cached_property
    def fichiers(self) -> list[Fichier]:
        """The data in the order of the descriptor, then what documents them.

        Raises:
            ErreurPublication: a file is missing or is not what the descriptor says.
        """
        found = [_data_file(self.dossier, resource) for resource in self.descripteur["resources"]]
        papers = ((DESCRIPTEUR, "Descripteur du paquet (Frictionless Data Package)", "json", "application/json"),)
        papers += (("LISEZMOI.md", "Lisez-moi", "md", "text/markdown"),)
        for name, title, kind, mime in papers:
            path = self.dossier / name
            if path.exists():
                with path.open("rb") as handle:
                    digest = hashlib.file_digest(handle, "sha256").hexdigest()
                found.append(_file(name, path, digest, title, "", kind, mime, "documentation"))
        return found


def read_packages(folder: Path) -> list[Jeu]:
    """Packages of an export: each of `paquets/`, else the folder's own.

    Raises:
        ErreurPublication: no descriptor, or one that cannot be read.
    """
    found = sorted(folder.glob(f"paquets/*/{DESCRIPTEUR}")) or [folder / DESCRIPTEUR]
    return [_read(path) for path in found]


def _read(path: Path) -> Jeu:
    try:
        descriptor = json.loads(path.read_text(encoding="utf-8"))
        missing = [name for name in ("name", "title", "resources") if not descriptor.get(name)]
    except (OSError, ValueError) as error:
        advice = "`python -m pilotage exporter` l'écrit"
        raise ErreurPublication(f"descripteur illisible : {error}", fichier=str(path), conseil=advice) from error
    if missing:
        raise ErreurPublication("descripteur incomplet", fichier=str(path), attendu=", ".join(missing))
    return Jeu(path.parent, descriptor)


def _data_file(folder: Path, resource: dict) -> Fichier:
    path = folder / resource["path"]
    promised = str(resource.get("hash", "")).removeprefix("sha256:")
    advice = "`python -m pilotage exporter --forcer` réécrit l'export"
    if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        raise ErreurPublication("fichier annoncé mais absent du paquet", fichier=str(path), conseil=advice)
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    if promised != digest:
        raise ErreurPublication(
            "le fichier n'est pas celui que décrit le paquet", fichier=str(path), attendu=promised, conseil=advice
        )
    licences = " ; ".join(one["title"] for one in resource.get("licenses", []))
    text = "\n\n".join(filter(None, (resource.get("description"), f"Licence : {licences}" if licences else "")))
    title, kind = resource.get("title") or resource["path"], resource.get("format") or path.suffix.lstrip(".")
    mime = resource.get("mediatype") or "application/octet-stream"
    return _file(resource["path"], path, digest, f"{title} ({kind})", text, kind, mime, "main")


def _file(chemin: str, path: Path, digest: str, title: str, text: str, kind: str, mime: str, role: str) -> Fichier:
    said = {"title": title, "description": text, "format": kind, "mime": mime, "type": role}
    said["extras"] = {CLE_CHEMIN: chemin, CLE_SOMME: digest}
    return Fichier(chemin, path, path.stat().st_size, digest, said)


def _describe(descriptor: dict) -> str:
    parts = [descriptor.get("description", "")]
    licences = [one["title"] for one in descriptor.get("licenses", [])]
    if licences:
        parts.append("Licences, par fichier : " + " ; ".join(licences) + ".")
    sources = sorted({one.get("attribution") or one.get("title", "") for one in descriptor.get("sources", [])} - {""})
    if sources:
        parts.append("Sources : " + " ; ".join(sources) + ".")
    return "\n\n".join(filter(None, parts))


def _licence(licences: list[dict]) -> str:
    """The one licence of the dataset: share-alike settles it, else a licence that nobody has seen leaves it unsaid."""
    names = {LICENCES.get(one.get("name", ""), "notspecified") for one in licences}
    for name in ("odc-odbl", "notspecified", "other-open", "lov2", "fr-lo"):
        if name in names:
            return name
    return "notspecified"


def _frequency(key: str) -> str:
    declared = {f"pilotage-{one.nom}": one.frequence.lower() for one in load_exposes().paquets}
    return declared.get(key, "unknown")


def _zones(descriptor: dict) -> list[str]:
    named = [str(one).partition(":") for one in descriptor.get("pilotage", {}).get("territoires", [])]
    zones = [f"fr:{level}:{code}" for level, _, code in named if level in NIVEAUX]
    return zones if zones and len(zones) == len(named) else ["country:fr"]


def _slug(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
