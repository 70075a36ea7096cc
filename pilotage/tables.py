"""Typed formats (xlsx, json, geojson, parquet, shapefile) as headers and rows of text."""

from __future__ import annotations

import fnmatch
import io
import itertools
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pilotage.readers import open_bytes, to_text

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

    from pilotage.readers import Livre

Rows = Iterator[tuple[int, list[str | None]]]


def read_table(livre: Livre) -> tuple[list[str], Rows]:
    """Headers and (place in the file, values) of a file that is not csv.

    Raises:
        ErreurLecture: the file is not of its format.
    """
    readers = {
        "xlsx": _read_xlsx,
        "json": _read_json,
        "geojson": _read_geojson,
        "parquet": _read_parquet,
        "shapefile": _read_shapefile,
    }
    return readers[livre.fichier.format](livre)


def _read_xlsx(livre: Livre) -> tuple[list[str], Rows]:
    book = _open_book(livre)
    if isinstance(livre.fichier.feuille, list):
        return _stack([(name, *_read_sheet(livre, book, name)) for name in livre.fichier.feuille])
    return _read_sheet(livre, book, livre.fichier.feuille or "*")


def _open_book(livre: Livre) -> CalamineWorkbook:
    from python_calamine import CalamineError, load_workbook

    try:
        if livre.chemin.suffix.lower() != ".zip":
            return load_workbook(str(livre.chemin))
        with open_bytes(livre) as stream:
            return load_workbook(io.BytesIO(stream.read()))
    except (CalamineError, OSError) as error:
        raise livre.error(f"classeur illisible ({error})", attendu="un fichier xlsx", conseil="l'ouvrir") from error


def _read_sheet(livre: Livre, book: CalamineWorkbook, pattern: str) -> tuple[list[str], Rows]:
    sheets = [name for name in book.sheet_names if fnmatch.fnmatchcase(name, pattern)]
    if not sheets:
        raise livre.error(f"aucune feuille « {pattern} »", attendu=", ".join(book.sheet_names), conseil="`feuille`")
    # skip_empty_area=False: line numbers are then those that a spreadsheet shows
    cells = book.get_sheet_by_name(sheets[0]).to_python(skip_empty_area=False)
    skip = livre.fichier.lignes_a_sauter
    if len(cells) <= skip:
        raise livre.error("feuille vide", attendu=f"un en-tête à la ligne {skip + 1}", conseil="ouvrir le classeur")
    headers = _tell_apart([str(cell).strip() for cell in cells[skip]], cells[skip - 1] if skip else [])
    rows = (
        (skip + 2 + rank, [to_text(cell) for cell in row])
        for rank, row in enumerate(cells[skip + 1 :])
        if any(cell != "" for cell in row)
    )
    return headers, rows


def _stack(sheets: list[tuple[str, list[str], Rows]]) -> tuple[list[str], Rows]:
    """Sheets one under the other, led by the sheet's name; a column that a sheet has not is empty there."""
    names = list(dict.fromkeys(name for _, headers, _ in sheets for name in headers))

    def rows() -> Rows:
        for sheet, headers, records in sheets:
            place = {name: rank for rank, name in enumerate(headers)}
            for line, values in records:
                yield line, [sheet, *(values[place[n]] if n in place else None for n in names)]

    return ["feuille", *names], rows()


def _tell_apart(headers: list[str], above: list[Any]) -> list[str]:
    """Headers that repeat take the label of the merged cell above (« Hommes 0 à 19 ans »); there, so do empty ones."""
    repeated = {header for header in headers if header and headers.count(header) > 1}
    if not repeated:
        return headers
    label, told = "", []
    for header, cell in itertools.zip_longest(headers, above[: len(headers)], fillvalue=""):
        label = str(cell).strip() or label
        told.append(f"{label} {header}".strip() if header in repeated else header or str(cell).strip())
    return told


def _load_json(livre: Livre) -> Any:
    with open_bytes(livre) as stream:
        content = stream.read()
    try:
        return json.loads(content)
    except UnicodeDecodeError as error:
        raise livre.error("octet qui n'est pas de l'utf-8", attendu="un JSON en utf-8") from error
    except json.JSONDecodeError as error:
        raise livre.error(
            f"JSON mal formé ({error.msg})", ligne=error.lineno, conseil="le fichier est sans doute coupé"
        ) from error


def _from_objects(livre: Livre, objects: list[Any]) -> tuple[list[str], Rows]:
    """Headers are all keys met: an optional field may be absent from the first objects."""
    if not objects:
        raise livre.error("aucun objet", attendu="un tableau d'objets", conseil="le retélécharger")
    headers: dict[str, None] = {}
    for rank, item in enumerate(objects, start=1):
        if not isinstance(item, dict):
            raise livre.error("élément qui n'est pas un objet", ligne=rank, attendu="un objet JSON")
        headers.update(dict.fromkeys(item))
    names = list(headers)
    return names, ((rank, [to_text(item.get(n)) for n in names]) for rank, item in enumerate(objects, start=1))


def _read_json(livre: Livre) -> tuple[list[str], Rows]:
    content = _load_json(livre)
    if livre.fichier.racine:
        content = content.get(livre.fichier.racine) if isinstance(content, dict) else None
    if livre.fichier.aplatir and isinstance(content, list):
        content = [_flatten(item) if isinstance(item, dict) else item for item in content]
    if not isinstance(content, list):
        raise livre.error("JSON qui n'est pas un tableau", attendu="un tableau d'objets", conseil="comparer à la fiche")
    return _from_objects(livre, content)


def _flatten(item: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested objects as one: {"a": {"b": 1}} is {"a_b": 1}."""
    flat: dict[str, Any] = {}
    for key, value in item.items():
        flat |= _flatten(value, f"{prefix}{key}_") if isinstance(value, dict) else {prefix + key: value}
    return flat


def _read_geojson(livre: Livre) -> tuple[list[str], Rows]:
    content = _load_json(livre)
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, list):
        raise livre.error("GeoJSON sans « features »", attendu="une FeatureCollection", conseil="comparer à la fiche")
    wants_geometry = any(column.matches("geometry", {}) for column in livre.table.colonnes)
    extra = (lambda f: {"geometry": f.get("geometry")}) if wants_geometry else (lambda f: {})
    return _from_objects(livre, [{**(f.get("properties") or {}), **extra(f)} for f in features])


def _read_parquet(livre: Livre) -> tuple[list[str], Rows]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(livre.chemin)
    except pa.ArrowInvalid as error:
        raise livre.error(f"parquet illisible ({error})", attendu="un fichier parquet") from error

    def rows() -> Rows:
        rank = 0
        for batch in file.iter_batches(batch_size=10_000):
            for values in zip(*(_column_values(column) for column in batch.columns), strict=True):
                rank += 1
                yield rank, [to_text(value) for value in values]

    return file.schema_arrow.names, rows()


def _column_values(column: Any) -> list[Any]:
    """Values of a parquet column; bytes are a GeoParquet's WKB, told as WKT; a number that is none is absent."""
    import pyarrow as pa

    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        import shapely

        shapes = shapely.from_wkb(column.to_numpy(zero_copy_only=False))
        return shapely.to_wkt(shapes, rounding_precision=-1).tolist()
    values = column.to_pylist()
    return [None if v != v else v for v in values] if pa.types.is_floating(column.type) else values


def _read_shapefile(livre: Livre) -> tuple[list[str], Rows]:
    """Attributes and, when the card has a `geometry` column, the geometry as WKT in WGS 84."""
    import geopandas

    wants_geometry = any(column.matches("geometry", {}) for column in livre.table.colonnes)
    encoding = {"latin-1": "ISO-8859-1"}.get(livre.fichier.encodage, livre.fichier.encodage)  # as GDAL names it
    options = {} if encoding == "utf-8" else {"encoding": encoding}
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = _assemble(livre.chemin, Path(folder))
            frame = geopandas.read_file(path, ignore_geometry=not wants_geometry, **options)
        except Exception as error:  # pyogrio's own errors derive from several bases
            raise livre.error(f"shapefile illisible ({error})", attendu=".shp, .dbf et .shx, ou leur zip") from error
    if wants_geometry:
        shapes = frame.geometry.to_crs(4326) if frame.crs else frame.geometry
        frame = frame.drop(columns="geometry").assign(geometry=shapes.to_wkt())
    names = [str(name) for name in frame.columns]
    filled = frame.astype(object).where(frame.notna(), None)
    return names, ((rank, [to_text(v) for v in row]) for rank, row in enumerate(filled.itertuples(index=False), 1))


def _assemble(path: Path, folder: Path) -> Path:
    """A zip as it is; a bare .shp with its companions, which the landing keeps under other hashes."""
    path = path.resolve()  # a link to a relative path would lead nowhere from the other folder
    if path.suffix.lower() == ".zip":
        return path
    beside = [*path.parent.glob(f"{path.stem}.*"), *path.parent.parent.glob(f"*/{path.stem}.*")]
    beside.sort(key=lambda found: found.stat().st_mtime, reverse=True)  # a part delivered again replaces the former
    for companion in beside:
        target = folder / companion.name
        if companion.is_file() and not companion.name.endswith(".json") and not target.exists():
            target.symlink_to(companion)
    return folder / path.name
