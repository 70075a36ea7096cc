"""A person looked for in the bytes of a landed file: csv, JSON, archives, workbooks, Parquet."""

from __future__ import annotations

import gzip
import html
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pilotage.inspection import ILLISIBLES
from pilotage.oppositions import ECARTS, Filtre, fold, shape, words

if TYPE_CHECKING:
    import pyarrow

BLOC = 1 << 20
ECHAPPES = re.compile(r"(?:\\u[0-9a-fA-F]{4})+|\\[bfnrt]")


def look_into(path: Path, text: str, wanted: Filtre) -> tuple[int, str]:
    """Lines (or pieces) of a file that name the person, and why it was not read to its end, empty when it was."""
    import pyarrow

    count = 0
    try:
        for found in _counts(path, text, wanted):
            count += found
    except (*ILLISIBLES, pyarrow.ArrowException) as error:
        return count, " ".join(str(error).split())[:200] or type(error).__name__
    return count, ""


def _counts(path: Path, text: str, wanted: Filtre) -> Iterator[int]:
    size, normal = shape(text)
    needles = [normal[-8:]] if size == 0 else words(text)
    for block in _blocks(path):
        folded = fold(block)
        plain = re.sub(ECARTS, "", folded) if size == 0 else folded
        if all(needle in plain for needle in needles):
            yield sum(map(wanted, block.splitlines()))


def _blocks(path: Path) -> Iterator[str]:
    with path.open("rb") as stream:
        start = stream.read(4)
    if start[:4] == b"PAR1":
        yield from _parquet(path)
    elif start[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                with archive.open(name) as stream:
                    is_markup = name.endswith((".xml", ".rels"))
                    yield from (_untag(block) if is_markup else block for block in _read(stream))
    elif start[:2] == b"\x1f\x8b":
        with gzip.open(path) as stream:
            yield from _read(stream)
    else:
        with path.open("rb") as stream:
            yield from _read(stream)


def _read(stream: BinaryIO) -> Iterator[str]:
    """Blocks of whole lines; a line longer than a block is cut, with what may straddle the cut told twice."""
    tail, escaped = b"", None
    while lines := stream.readlines(BLOC):
        for start in range(0, len(lines), 50_000):
            block = tail + b"".join(lines[start : start + 50_000])
            tail = b"" if block.endswith(b"\n") else block[-200:]
            escaped = block.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[") if escaped is None else escaped
            yield _unescape(_decode(block)) if escaped else _decode(block)


def _decode(block: bytes) -> str:
    try:
        return block.decode("utf-8")
    except UnicodeDecodeError:
        return block.decode("cp1252", errors="replace")


def _unescape(block: str) -> str:
    """JSON's text: `\\u00e9` is an é, a line break inside a value a space; half a surrogate stays as it is."""
    return ECHAPPES.sub(lambda found: json.loads(f'"{found[0]}"') if found[0][1] == "u" else " ", block)


def _untag(block: str) -> str:
    """Text of a workbook's XML: one line a cell."""
    return html.unescape(re.sub(r"<[^>]*>", "\n", block))


def _parquet(path: Path) -> Iterator[str]:
    import pyarrow.parquet as parquet

    file = parquet.ParquetFile(path)
    for batch in file.iter_batches(batch_size=20_000):
        for column in batch.columns:
            for values in _texts(column):
                yield "\n".join(value.replace("\n", " ") for value in values.to_pylist() if value)


def _texts(column: pyarrow.Array) -> Iterator[pyarrow.Array]:
    """Arrays of text inside a column: its own, or those of its dictionary, lists or structures."""
    from pyarrow import types

    kind = column.type
    if types.is_dictionary(kind):
        yield from _texts(column.dictionary_decode())
    elif types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        yield from _texts(column.flatten())
    elif types.is_struct(kind):
        for part in column.flatten():
            yield from _texts(part)
    elif types.is_string(kind) or types.is_large_string(kind):
        yield column
