"""What decoders raise told in one sentence, and a csv body that two readers would read alike.

PostgreSQL's COPY takes a quote anywhere for an opening one and drops it: `5" écran` and the next `7" écran` become one
row. What RFC 4180 does not allow is therefore refused before COPY sees it, whatever the reader.
"""

from __future__ import annotations

import errno
import io
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from pilotage.errors import ErreurDepot, ErreurPilotage

if TYPE_CHECKING:
    from pilotage.catalogue import Fichier
    from pilotage.readers import Livre

T = TypeVar("T")
ENREGISTREMENT_MAX = 16 * 1024 * 1024  # bytes of one record: what csv.field_size_limit allows to one field
# Valid UTF-8 for an accented letter or a typographic sign: in cp1252 or latin-1 it would read « Ã© », « â€™ ».
MELANGE = re.compile(rb"\xc3[\x80-\xbf]|\xe2\x80[\x90-\xbf]|\xef\xbb\xbf")
COMMANDES = re.compile(rb"[\x80-\x9f]")  # letters of cp1252; in latin-1, control characters that no text holds
FIN_DE_COPIE = re.compile(rb"[\r\n]\\\.[\r\n]")  # ends COPY before PostgreSQL 18: the rows after it would be lost
MACHINE = {errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.EDQUOT}  # not the file's fault
ARRET = "ligne « \\. », qui arrêterait la copie"
COUPE = "le fichier est sans doute coupé : le retélécharger"
MILIEU = "guillemet au milieu d'une valeur"


def guarded(livre: Livre, wrong: str, attendu: str, call: Callable[[], T]) -> T:
    """What a decoder makes of bytes from outside; whatever it raises is told as the file's fault."""
    try:
        return call()
    except ErreurPilotage:
        raise
    except BaseException as error:
        raise _told(livre, error, wrong, attendu) from error


def guarded_rows(livre: Livre, wrong: str, attendu: str, rows: Iterator[T]) -> Iterator[T]:
    """The same for rows that are decoded one by one."""
    try:
        yield from rows
    except ErreurPilotage:
        raise
    except GeneratorExit:
        raise
    except BaseException as error:
        raise _told(livre, error, wrong, attendu) from error


def _told(livre: Livre, error: BaseException, wrong: str, attendu: str) -> BaseException:
    """A decoder written in Rust panics outside of Exception; what is not a decoder's goes on as it is, and what
    the machine lacks is not the file's fault."""
    if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
        return error
    said = " ".join(str(error).split())[:200] or type(error).__name__
    if isinstance(error, MemoryError | ImportError) or getattr(error, "errno", None) in MACHINE:
        return ErreurDepot(
            f"cette machine n'a pas pu le lire ({said})",
            source=livre.source.source,
            fichier=livre.nom,
            attendu="assez de mémoire, de place et de fichiers ouverts",
            conseil="en libérer, puis relancer : la livraison attend, elle n'est pas refusée",
        )
    return livre.error(f"{wrong} ({said})", attendu=attendu, conseil=COUPE)


class Surveille(io.RawIOBase):
    """The body of a csv, checked as it passes; `error` makes the error that names the file.

    Raises, from `read`:
        ErreurLecture: a quote inside a value, a byte that the encoding does not have, a record too long.
    """

    def __init__(self, dialect: Fichier, error: Callable[..., ErreurPilotage], stream: Any, lines: int) -> None:
        self._dialect, self._error, self._stream = dialect, error, stream
        self._quote = dialect.guillemet.encode()
        self._around = frozenset(dialect.separateur.encode() + b"\r\n")
        self._suspects = [] if dialect.encodage.startswith("utf") else [MELANGE]
        self._suspects += [COMMANDES] if dialect.encodage == "latin-1" else []
        self._lines = lines  # physical lines before the chunk in hand
        self._inside = False
        self._last: int | None = ord("\n")  # last byte of the stretch outside quotes, None while it is empty
        self._length = 0
        self._tail = b"\n"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._stream.read(len(buffer))
        if chunk:
            self._check_bytes(chunk)
            self._check_quotes(chunk)
            self._lines += chunk.count(b"\n") or chunk.count(b"\r")
        elif self._inside:
            raise self._refuse("guillemet jamais refermé")
        elif FIN_DE_COPIE.search(self._tail + b"\n"):
            raise self._refuse(ARRET)
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def _check_bytes(self, chunk: bytes) -> None:
        if (place := chunk.find(b"\0")) >= 0:
            raise self._refuse("octet nul", chunk[:place])
        joined, known = self._tail + chunk, len(self._tail)
        for suspect in self._suspects:
            if found := suspect.search(joined):
                said = f"octets {found[0]!r} qui ne sont pas de l'{self._dialect.encodage}"
                raise self._refuse(said, joined[known : found.start()])
        if b"\\." in joined and (found := FIN_DE_COPIE.search(joined)):
            raise self._refuse(ARRET, joined[known : found.start() + 1])
        self._tail = joined[-4:]

    def _check_quotes(self, chunk: bytes) -> None:
        first, *rest = chunk.split(self._quote)
        self._extend(first, b"")
        if rest:
            self._leave(first)
            *middle, end = rest
            # what stands outside quotes is nearly always the same few stretches: judged once each
            if any(not self._stands(piece) for piece in set(middle[not self._inside :: 2])):
                self._find_wrong(first, middle)
            self._inside ^= len(rest) % 2 == 1
            self._last = None
            self._extend(end, chunk[: len(chunk) - len(end)])
        self._measure([first, *rest], chunk)

    def _extend(self, piece: bytes, before: bytes) -> None:
        """Go on with the stretch in hand; outside quotes, what follows a closing one is a separator."""
        if piece and not self._inside:
            if self._last is None and piece[0] not in self._around:
                raise self._refuse(MILIEU, before)
            self._last = piece[-1]

    def _leave(self, before: bytes) -> None:
        """A quote ends the stretch in hand; outside, it opens a value (after a separator) or doubles the former."""
        if not self._inside and self._last is not None and self._last not in self._around:
            raise self._refuse(MILIEU, before)

    def _stands(self, piece: bytes) -> bool:
        return not piece or (piece[0] in self._around and piece[-1] in self._around)

    def _find_wrong(self, first: bytes, middle: list[bytes]) -> None:
        outside = self._inside
        for rank, piece in enumerate(middle):
            if outside and not self._stands(piece):
                opened = piece if piece[0] in self._around else b""
                raise self._refuse(MILIEU, b"".join([first, *middle[:rank], opened]))
            outside = not outside

    def _measure(self, pieces: list[bytes], chunk: bytes) -> None:
        """Length of the record under way: what follows the last line break that stands outside quotes."""
        inside, length = self._inside, 0
        for piece in reversed(pieces):
            cut = -1 if inside else max(piece.rfind(b"\n"), piece.rfind(b"\r"))
            if cut >= 0:
                self._length = length + len(piece) - cut
                break
            length, inside = length + len(piece) + 1, not inside
        else:
            self._length += len(chunk)
        if self._length > ENREGISTREMENT_MAX:
            raise self._refuse(f"ligne de plus de {ENREGISTREMENT_MAX >> 20} Mio")

    def _refuse(self, message: str, before: bytes = b"") -> ErreurPilotage:
        """The fault, at the line that the bytes before it in the chunk lead to."""
        return self._error(
            message,
            ligne=self._lines + 1 + (before.count(b"\n") or before.count(b"\r")),
            attendu=f"du csv (RFC 4180), encodage {self._dialect.encodage}",
            conseil="regarder cette ligne et la suivante : un guillemet dans un texte se double, et le texte se met "
            "entre guillemets ; un seul encodage par fichier",
        )
