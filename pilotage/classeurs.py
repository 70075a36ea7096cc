"""A workbook bounded before it is opened: two cells at its far corners would ask for seventeen billion."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import BinaryIO

from pilotage.inspection import ILLISIBLES

CELLULES_MAX = 20_000_000  # cells of the rectangle that a sheet's cells span, empty ones included
OCTETS_MAX = 1 << 30  # bytes of one part of the workbook, inflated
PLACE = re.compile(rb"""\sr=["']([A-Z]{1,3})(\d{1,7})["']""")
BLOC = 1 << 20


def check_workbook(path: Path | BinaryIO) -> None:
    """Read the places of the cells, part by part, without keeping any.

    Raises:
        ValueError: not a zip, or a sheet that would not fit in memory; the text says which, in French.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for part in archive.infolist():
                with archive.open(part) as stream:
                    _check_part(part.filename, stream)
    except ILLISIBLES as error:
        raise ValueError(str(error)) from error


def _check_part(name: str, stream) -> None:
    columns: set[bytes] = set()
    last, size, tail = 0, 0, b""
    while block := stream.read(BLOC):
        size += len(block)
        if size > OCTETS_MAX:
            raise ValueError(f"« {name} » dépasse {OCTETS_MAX >> 20} Mio une fois ouvert")
        for letters, digits in PLACE.findall(tail + block):
            columns.add(letters)
            last = max(last, int(digits))
        tail = block[-16:]
    width = max((_rank(letters) for letters in columns), default=0)
    if width * last > CELLULES_MAX:
        raise ValueError(f"« {name} » s'étend sur {last} lignes et {width} colonnes, presque toutes vides")


def _rank(letters: bytes) -> int:
    rank = 0
    for letter in letters:
        rank = rank * 26 + letter - 64
    return rank
