"""A landed file's own bytes, out of its zip or gz; what opening or decompression raises names the file."""

from __future__ import annotations

import fnmatch
import gzip
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from pilotage.flux import COUPE
from pilotage.inspection import ILLISIBLES

if TYPE_CHECKING:
    from pilotage.readers import Livre

BOM = b"\xef\xbb\xbf"


class Garde(io.RawIOBase):
    """A container's stream: what its decompression raises names the file."""

    def __init__(self, livre: Livre, stream: Any) -> None:
        self._livre, self._stream = livre, stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            return self._stream.readinto(buffer)
        except ILLISIBLES as error:
            raise self._livre.error(
                f"contenu illisible ({error})",
                attendu="un fichier entier, non chiffré",
                conseil=COUPE,
            ) from error


@contextmanager
def open_bytes(livre: Livre) -> Iterator[BinaryIO]:
    """The file's own bytes, out of its zip or gz, without a byte order mark."""
    with _open_container(livre) as stream:
        buffered = io.BufferedReader(Garde(livre, stream), 1 << 20)
        if buffered.peek(3)[:3] == BOM:
            buffered.read(3)
        yield buffered


@contextmanager
def _open_container(livre: Livre) -> Iterator[Any]:
    path = livre.chemin
    if path.suffix.lower() == ".gz":
        with gzip.open(path) as stream:
            yield stream
    elif path.suffix.lower() == ".zip" and livre.fichier.format != "shapefile":
        archive, stream = _open_member(livre)
        with archive, stream:
            yield stream
    else:
        with _open_plain(livre) as stream:
            yield stream


def _open_plain(livre: Livre) -> BinaryIO:
    try:
        return livre.chemin.open("rb", buffering=0)
    except OSError as error:
        raise livre.error(f"illisible ({error.strerror})", conseil="vérifier le fichier et ses droits") from error


def _open_member(livre: Livre) -> tuple[zipfile.ZipFile, Any]:
    """A zip and its one member that the card names."""
    try:
        archive = zipfile.ZipFile(livre.chemin)
    except ILLISIBLES as error:
        raise livre.error("zip illisible", conseil=COUPE) from error
    pattern = livre.fichier.membre or "*"
    members = sorted(n for n in archive.namelist() if fnmatch.fnmatchcase(n, pattern))
    if len(members) != 1:
        held = ", ".join(archive.namelist()[:8])
        archive.close()
        raise livre.error(
            f"{len(members)} fichiers du zip répondent à « {pattern} »",
            attendu="un seul",
            conseil=f"corriger `membre` ; le zip contient {held}",
        )
    try:
        return archive, archive.open(members[0])
    except ILLISIBLES as error:
        archive.close()
        raise livre.error(
            f"« {members[0]} » ne s'ouvre pas ({error})",
            attendu="un fichier non chiffré",
            conseil="demander au producteur une archive simple",
        ) from error
