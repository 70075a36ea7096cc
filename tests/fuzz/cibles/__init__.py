"""Targets of the fuzzing, a module each: `seeds()` gives small samples, `run(data)` raises when a promise is broken.

A promise is broken by any exception that is not our own kind of error, and by an accepted value that is not the value
written (an independent reading of the same bytes says which it is).
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

NOMS = ("apports", "classeur", "commandes", "csv", "fiche", "inspection", "json", "paquet", "parquet", "scenario")
TRAVAIL = Path(tempfile.gettempdir()) / f"pilotage-fuzz-{os.getpid()}"


def file_of(name: str, content: bytes) -> Path:
    """The bytes as a file of that name, in a folder of this process's own."""
    TRAVAIL.mkdir(exist_ok=True)
    path = TRAVAIL / name
    path.write_bytes(content)
    return path
