"""The fitted model on disk, with what made it: data hash, seed, versions, and the hash that proves it whole."""

from __future__ import annotations

import hashlib
import io
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib

from pilotage.errors import ErreurRecommandation

BIBLIOTHEQUES = ("scikit-learn", "numpy")


def save(model: Any, folder: Path, run: str, facts: dict) -> Path:
    """Write `<run>.joblib` and its record `<run>.json`; gives the record's path. The same run writes the same files."""
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    content = buffer.getvalue()
    record = {
        **facts,
        "id_calcul": run,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bibliotheques": {name: version(name) for name in BIBLIOTHEQUES},
    }
    (folder / f"{run}.joblib").write_bytes(content)
    path = folder / f"{run}.json"
    path.write_text(json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8")
    return path


def load(folder: Path, run: str) -> tuple[Any, dict]:
    """The model and its record; nothing is unpickled before its hash and versions are those of the record.

    Raises:
        ErreurRecommandation: absent, altered, or made by other versions.
    """
    path = folder / f"{run}.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        content = (folder / f"{run}.joblib").read_bytes()
    except (OSError, ValueError) as error:
        raise ErreurRecommandation(
            "modèle absent ou illisible", fichier=str(path), conseil="refaire le calcul"
        ) from error
    if hashlib.sha256(content).hexdigest() != record.get("sha256"):
        raise ErreurRecommandation(
            "le fichier du modèle n'est pas celui qui a été écrit", fichier=f"{run}.joblib", conseil="refaire le calcul"
        )
    here = {name: version(name) for name in BIBLIOTHEQUES}
    if record["bibliotheques"] != here:
        raise ErreurRecommandation(
            "le modèle vient d'autres versions", fichier=path.name, attendu=str(here), conseil="refaire le calcul"
        )
    return joblib.load(io.BytesIO(content)), record
