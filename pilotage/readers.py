"""Landed files as records: every format that cards name, read by kept libraries, streamed.

A reader never repairs: it gives each value as the text that stands in the file, or says where the file is not what its
card says.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from pilotage.catalogue import Fichier, Source, Table
from pilotage.contenants import open_bytes
from pilotage.entetes import Colonnes, describe_expected, match_headers
from pilotage.errors import ErreurLecture
from pilotage.flux import Surveille

ENCODINGS_OF_POSTGRES = {"utf-8": "UTF8", "utf-8-sig": "UTF8", "cp1252": "WIN1252", "latin-1": "LATIN1"}
DEMI = re.compile("[\ud800-\udfff]")  # halves of a pair, which JSON lets stand alone and nothing can write
ENTETE_MAX = 1 << 20  # bytes of a banner line, or of a header
csv.field_size_limit(16 * 1024 * 1024)


@dataclass(frozen=True)
class Enregistrement:
    """One record: its rank (1 = first after the header), its physical line in the file, its values in file order."""

    rang: int
    ligne: int
    valeurs: list[str | None]


@dataclass(frozen=True)
class Livre:
    """A delivered file together with what its card says of it."""

    source: Source
    millesime: str
    chemin: Path
    table: Table
    fichier: Fichier

    @property
    def nom(self) -> str:
        return f"{self.millesime}/{self.chemin.name}"

    @property
    def est_direct(self) -> bool:
        """True when the file's own bytes can go to COPY."""
        return self.fichier.format == "csv" and self.fichier.depivoter is None

    def error(self, message: str, **details: Any) -> ErreurLecture:
        return ErreurLecture(message, source=self.source.source, fichier=self.nom, **details)


def describe(source: Source, millesime: str, chemin: Path) -> Livre | None:
    """What the card says of a file; None when the card leaves the file aside."""
    found = source.find(chemin.name, millesime)
    source.millesime(millesime)
    return Livre(source, millesime, chemin, *found) if found else None


def read_columns(livre: Livre) -> Colonnes:
    """Headers of a file, matched to the card.

    Raises:
        ErreurLecture: the file is empty or unreadable, a column is missing, twice there, or the file is another one.
    """
    with _records(livre) as (headers, _):
        return match_headers(livre, headers)


def iter_records(livre: Livre) -> Iterator[Enregistrement]:
    """Every record of a file, values in the order of the headers.

    Raises:
        ErreurLecture: bytes that are not of the card's encoding, a record of another length.
    """
    with _records(livre) as (headers, records):
        columns = match_headers(livre, headers)
        for rang, (line, values) in enumerate(records, start=1):
            if len(values) != len(columns.entetes):
                raise livre.error(
                    f"{len(values)} valeurs",
                    ligne=line,
                    attendu=f"{len(columns.entetes)} valeurs, comme l'en-tête",
                    conseil="regarder cette ligne : séparateur ou guillemet dans une valeur, ou fichier coupé",
                )
            yield Enregistrement(rang, line, values)


@contextmanager
def open_body(livre: Livre) -> Iterator[tuple[Colonnes, BinaryIO, int]]:
    """A csv for COPY: its columns, its bytes after the header, and the number of lines before them."""
    with open_bytes(livre) as stream:
        headers, skipped = _read_csv_header(livre, stream)
        columns = match_headers(livre, headers)
        yield columns, io.BufferedReader(Surveille(livre.fichier, livre.error, stream, skipped), 1 << 20), skipped


def to_csv(livre: Livre, records: Iterable[Enregistrement]) -> Iterator[bytes]:
    """Records as csv in chunks of about 256 KiB; an absent value is an empty cell without quotes."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")  # both are then quoted inside a cell, a lone CR too
    for record in records:
        writer.writerow(record.valeurs)
        if buffer.tell() > 262_144:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


@contextmanager
def _records(livre: Livre) -> Iterator[tuple[list[str], Iterator[tuple[int, list[str | None]]]]]:
    """Headers, then (physical line, values) for each record, whatever the format."""
    if livre.fichier.format == "csv":
        with open_bytes(livre) as stream:
            headers, skipped = _read_csv_header(livre, stream)
            yield _unpivot(livre, headers, _csv_rows(livre, stream, skipped))
    else:
        from pilotage.tables import read_table

        headers, rows = read_table(livre)
        yield _unpivot(livre, headers, rows)


def _csv_rows(livre: Livre, stream: BinaryIO, skipped: int) -> Iterator[tuple[int, list[str | None]]]:
    body = io.BufferedReader(Surveille(livre.fichier, livre.error, stream, skipped), 1 << 20)
    text = io.TextIOWrapper(body, encoding=livre.fichier.encodage, newline="")
    reader = csv.reader(text, delimiter=livre.fichier.separateur, quotechar=livre.fichier.guillemet, strict=True)
    start = skipped + 1
    try:
        for values in reader:
            if values or livre.est_direct:  # COPY reads an empty line as one empty value
                yield start, [value or None for value in values or [""]]
            start = skipped + reader.line_num + 1
    except UnicodeDecodeError as error:
        raise wrong_encoding(livre, start, error.object[error.start : error.start + 1]) from error
    except csv.Error as error:
        raise livre.error(f"csv mal formé ({error})", ligne=start, conseil="regarder les guillemets") from error


def wrong_encoding(livre: Livre, line: int | None, culprit: bytes = b"") -> ErreurLecture:
    """The error for bytes that are not of the card's encoding."""
    return livre.error(
        f"octet {culprit!r} qui n'est pas de l'{livre.fichier.encodage}",
        ligne=line,
        attendu=f"encodage {livre.fichier.encodage}",
        conseil="si le producteur a changé d'encodage, corriger `encodage` dans la fiche",
    )


def _read_csv_header(livre: Livre, stream: BinaryIO) -> tuple[list[str], int]:
    """Header and number of physical lines read, banner and header."""
    dialect = livre.fichier
    read = [stream.readline(ENTETE_MAX) for _ in range(dialect.lignes_a_sauter + 1)]
    if not read[-1].strip():
        raise livre.error("fichier vide, ou sans en-tête", attendu=describe_expected(livre), conseil="le retélécharger")
    quotes, size = read[-1].count(dialect.guillemet.encode()), len(read[-1])
    header = [read[-1]]
    while quotes % 2 and size < ENTETE_MAX and (more := stream.readline(ENTETE_MAX)):
        quotes, size = quotes + more.count(dialect.guillemet.encode()), size + len(more)
        header.append(more)
    raw, count = b"".join(header), dialect.lignes_a_sauter + len(header)
    if max(size, *map(len, read)) >= ENTETE_MAX:
        raise livre.error("en-tête démesuré", attendu=describe_expected(livre), conseil="regarder les fins de ligne")
    _check_not_utf8(livre, stream, raw)
    try:
        text = raw.decode(dialect.encodage)
        headers = next(csv.reader([text], delimiter=dialect.separateur, quotechar=dialect.guillemet, strict=True))
    except UnicodeDecodeError as error:
        raise wrong_encoding(livre, count, raw[error.start : error.start + 1]) from error
    except csv.Error as error:
        advice = "des fins de ligne CRLF ou LF, un guillemet doublé dans un texte"
        raise livre.error(f"en-tête mal formé ({error})", ligne=count, conseil=advice) from error
    return [h.strip() for h in headers], count


def _check_not_utf8(livre: Livre, stream: BinaryIO, header: bytes) -> None:
    """Every byte is valid cp1252: a file that turned to UTF-8 would go through as gibberish."""
    if livre.fichier.encodage.startswith("utf"):
        return
    sample = header + (stream.peek(1 << 20)[: 1 << 20] if hasattr(stream, "peek") else b"")
    sample = sample[: sample.rfind(b"\n") + 1]
    if any(byte > 127 for byte in sample):
        try:
            sample.decode("utf-8")
        except UnicodeDecodeError:
            return
        raise livre.error(
            "le fichier est en utf-8", attendu=f"encodage {livre.fichier.encodage}", conseil="corriger `encodage`"
        )


def _unpivot(
    livre: Livre, headers: list[str], rows: Iterator[tuple[int, list[str | None]]]
) -> tuple[list[str], Iterator[tuple[int, list[str | None]]]]:
    rule = livre.fichier.depivoter
    if rule is None:
        return headers, rows
    moving = [i for i, header in enumerate(headers) if re.fullmatch(rule.motif, header)]
    if not moving:
        raise livre.error(
            f"aucune colonne ne répond à « {rule.motif} »",
            attendu=describe_expected(livre),
            conseil="comparer à la fiche",
        )
    fixed = [i for i in range(len(headers)) if i not in moving]

    def melted() -> Iterator[tuple[int, list[str | None]]]:
        for line, values in rows:
            if len(values) != len(headers):
                raise livre.error(f"{len(values)} valeurs", ligne=line, attendu=f"{len(headers)} valeurs")
            for i in moving:
                yield line, [*(values[j] for j in fixed), headers[i], values[i]]

    return [*(headers[i] for i in fixed), rule.variable, rule.valeur], melted()


def to_text(value: Any) -> str | None:
    """A typed cell as the text that raw keeps: 12.0 is 12, a list is JSON, an empty cell is absent."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        if not value.isascii() and DEMI.search(value):
            raise ValueError(f"« {value[:40]!r} » contient une moitié de caractère")
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"« {value} » n'est pas un nombre fini")
        return str(int(value)) if value.is_integer() else str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
