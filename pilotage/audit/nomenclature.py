"""The bill of materials of a release, in CycloneDX 1.6 JSON, made from the locks; same locks, same bytes."""

from __future__ import annotations

import base64
import json
import tomllib
import uuid
from pathlib import Path
from typing import Any

from pilotage.audit.verrous import Paquet
from pilotage.config import RACINE

ALGORITHMES = {"sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}


def bill_of_materials(packages: list[Paquet]) -> dict[str, Any]:
    """One component a package and version; the locks that name it are properties of it."""
    project = tomllib.loads((RACINE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locks: dict[str, list[str]] = {}
    unique: dict[str, Paquet] = {}
    for package in packages:
        locks.setdefault(package.purl, []).append(package.verrou)
        unique.setdefault(package.purl, package)
    components = [_component(unique[purl], sorted(set(locks[purl]))) for purl in sorted(unique)]
    content = json.dumps(components, sort_keys=True)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": f"pkg:generic/{project['name']}@{project['version']}",
                "name": project["name"],
                "version": project["version"],
            }
        },
        "components": components,
    }


def write_bill(packages: list[Paquet], path: Path) -> int:
    """Write it; returns the number of components."""
    bill = bill_of_materials(packages)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(bill, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return len(bill["components"])


def _component(package: Paquet, locks: list[str]) -> dict[str, Any]:
    component: dict[str, Any] = {"type": "library", "bom-ref": package.purl, "name": package.nom}
    component |= {"version": package.version, "purl": package.purl}
    if package.ecosysteme == "npm":
        kind, _, value = package.empreintes[0].partition("-")
        component["hashes"] = [{"alg": ALGORITHMES[kind], "content": base64.b64decode(value).hex()}]
    else:  # one hash a distribution file of the version: the lock accepts each of them
        component["hashes"] = [{"alg": "SHA-256", "content": value} for value in package.empreintes]
    component["properties"] = [{"name": "pilotage:verrou", "value": lock} for lock in locks]
    return component
