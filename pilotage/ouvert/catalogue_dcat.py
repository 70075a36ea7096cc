"""The catalogue of the packages in DCAT-AP 3 (JSON-LD), which national and European portals harvest.

Reference: SEMIC, DCAT-AP 3.0. Identifiers are relative to the catalogue, so that it is right wherever it is served.
"""

from __future__ import annotations

import json
from pathlib import Path

from pilotage.ouvert.exposes import Exposes
from pilotage.ouvert.paquets import PaquetEcrit

FICHIER = "catalogue.jsonld"
CONTEXTE = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
}
AUTORITES = "http://publications.europa.eu/resource/authority"
FORMATS = {"csv": "CSV", "parquet": "PARQUET", "geojson": "GEOJSON", "geoparquet": "PARQUET", "gz": "GZIP"}
TABLE_SCHEMA = "https://specs.frictionlessdata.io/table-schema/"
MEDIATYPES = "https://www.iana.org/assignments/media-types"


def write_catalogue(exposes: Exposes, packages: list[PaquetEcrit], created: str, folder: Path) -> Path:
    """Write `catalogue.jsonld`: a dataset a package, a distribution a file, with size, SHA-256, licence and themes."""
    publisher = {
        "@id": "#editeur",
        "@type": "foaf:Agent",
        "foaf:name": _fr(exposes.editeur),
        "foaf:homepage": _ref(exposes.page),
    }
    datasets = [_dataset(exposes, package, folder) for package in packages]
    catalogue = {
        "@id": "#catalogue",
        "@type": "dcat:Catalog",
        "dct:title": _fr("Pilotage : données ouvertes de la feuille de route numérique des territoires"),
        "dct:description": _fr("Diagnostics, indicateurs, recommandations et lieux, par territoire."),
        "dct:publisher": {"@id": "#editeur"},
        "dct:language": _typed(exposes.langue, "dct:LinguisticSystem"),
        "dct:spatial": _typed(exposes.etendue, "dct:Location"),
        "dct:modified": _moment(max([p.descripteur["created"] for p in packages], default=created)),
        "dcat:dataset": [{"@id": one["@id"]} for one in datasets],
    }
    document = {"@context": CONTEXTE, "@graph": [publisher, catalogue, *datasets]}
    path = folder / FICHIER
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path


def _dataset(exposes: Exposes, package: PaquetEcrit, folder: Path) -> dict:
    said, declared = package.descripteur, package.paquet
    base = package.dossier.relative_to(folder).as_posix()
    return {
        "@id": f"{base}/datapackage.json",
        "@type": "dcat:Dataset",
        "dct:identifier": said["name"],
        "dct:title": _fr(said["title"]),
        "dct:description": _fr(said["description"]),
        "dcat:keyword": [_fr(word) for word in declared.mots],
        "dcat:theme": [_typed(f"{AUTORITES}/data-theme/{code}", None) for code in declared.themes],
        "dct:publisher": {"@id": "#editeur"},
        "dcat:contactPoint": {
            "@type": "vcard:Organization",
            "vcard:fn": exposes.editeur,
            "vcard:hasURL": _ref(exposes.contact),
        },
        "dct:accrualPeriodicity": _typed(f"{AUTORITES}/frequency/{declared.frequence}", "dct:Frequency"),
        "dct:language": _typed(exposes.langue, "dct:LinguisticSystem"),
        "dct:spatial": _typed(exposes.etendue, "dct:Location"),
        "dct:modified": _moment(said["created"]),
        "dcat:version": said["version"],
        "owl:versionInfo": said["version"],
        "dct:source": [_typed(source["path"], None) for source in said["sources"] if source.get("path")],
        "dcat:distribution": [_distribution(resource, base) for resource in said["resources"]],
    }


def _distribution(resource: dict, base: str) -> dict:
    path = f"{base}/{resource['path']}"
    kind = resource["format"]
    schema = resource.get("conformsTo") or (TABLE_SCHEMA if "schema" in resource else None)
    return {
        "@id": f"{path}#distribution",
        "@type": "dcat:Distribution",
        "dct:title": _fr(resource.get("title") or resource["name"]),
        "dcat:accessURL": _typed(path, "rdfs:Resource"),
        "dcat:downloadURL": _typed(path, "rdfs:Resource"),
        "dct:format": _typed(f"{AUTORITES}/file-type/{FORMATS[kind]}", "dct:MediaTypeOrExtent"),
        "dcat:mediaType": _typed(f"{MEDIATYPES}/{resource['mediatype']}", "dct:MediaType"),
        "dcat:byteSize": {"@value": str(resource["bytes"]), "@type": "xsd:nonNegativeInteger"},
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": _typed("http://spdx.org/rdf/terms#checksumAlgorithm_sha256", "spdx:ChecksumAlgorithm"),
            "spdx:checksumValue": {"@value": resource["hash"].partition(":")[2], "@type": "xsd:hexBinary"},
        },
        **_licence(resource["licenses"]),
        **({"dct:conformsTo": _typed(schema, "dct:Standard")} if schema else {}),
    }


def _licence(licences: list[dict]) -> dict:
    """The licence by its address; without one, a statement of rights: an unknown licence is never passed for open."""
    known = [one for one in licences if one.get("path")]
    if len(known) == len(licences) == 1:
        return {"dct:license": _typed(known[0]["path"], "dct:LicenseDocument")}
    label = " ; ".join(one["title"] for one in licences)
    return {"dct:rights": {"@type": "dct:RightsStatement", "rdfs:label": _fr(label)}}


def _fr(text: str) -> dict:
    return {"@value": text, "@language": "fr"}


def _ref(address: str) -> dict:
    return {"@id": address}


def _typed(address: str, kind: str | None) -> dict:
    return {"@id": address, "@type": kind} if kind else {"@id": address}


def _moment(text: str) -> dict:
    return {"@value": text, "@type": "xsd:dateTime"}
