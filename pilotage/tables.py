"""Typed formats (xlsx, json, geojson, parquet, shapefile) as headers and rows of text."""

from __future__ import annotations

import fnmatch
import io
import itertools
import json
import math
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pilotage.classeurs import check_workbook
from pilotage.contenants import open_bytes
from pilotage.flux import guarded, guarded_rows
from pilotage.landing import find_companions
from pilotage.readers import to_text

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

    from pilotage.readers import Livre

ENTIER_MAX = 512 << 20  # bytes of a file that is decoded in one go
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
    from python_calamine import load_workbook

    def load() -> CalamineWorkbook:
        if livre.chemin.suffix.lower() != ".zip":
            check_workbook(livre.chemin)
            return load_workbook(str(livre.chemin))
        content = io.BytesIO(_read_whole(livre))
        check_workbook(content)
        content.seek(0)
        return load_workbook(content)

    return guarded(livre, "classeur illisible", "un fichier xlsx", load)


def _read_whole(livre: Livre) -> bytes:
    """The bytes of a file that is decoded in one go, within bounds."""
    with open_bytes(livre) as stream:
        content = stream.read(ENTIER_MAX + 1)
    if len(content) > ENTIER_MAX:
        raise livre.error(f"plus de {ENTIER_MAX >> 20} Mio une fois ouvert", conseil="vérifier le fichier")
    return content


def _read_sheet(livre: Livre, book: CalamineWorkbook, pattern: str) -> tuple[list[str], Rows]:
    sheets = [name for name in book.sheet_names if fnmatch.fnmatchcase(name, pattern)]
    if not sheets:
        raise livre.error(f"aucune feuille « {pattern} »", attendu=", ".join(book.sheet_names), conseil="`feuille`")
    # skip_empty_area=False: line numbers are then those that a spreadsheet shows
    cells = guarded(
        livre,
        "feuille illisible",
        "un fichier xlsx",
        lambda: book.get_sheet_by_name(sheets[0]).to_python(skip_empty_area=False),
    )
    skip = livre.fichier.lignes_a_sauter
    if len(cells) <= skip:
        raise livre.error("feuille vide", attendu=f"un en-tête à la ligne {skip + 1}", conseil="ouvrir le classeur")
    headers = _tell_apart([str(cell).strip() for cell in cells[skip]], cells[skip - 1] if skip else [])
    kept = ((skip + 2 + rank, row) for rank, row in enumerate(cells[skip + 1 :]) if any(cell != "" for cell in row))
    return headers, _texts(livre, kept)


def _texts(livre: Livre, rows: Iterable[tuple[int, Iterable[Any]]]) -> Rows:
    """Typed cells as texts; a number that is none is told with its place."""
    for line, cells in rows:
        try:
            yield line, [to_text(cell) for cell in cells]
        except ValueError as error:
            raise livre.error(str(error), ligne=line, attendu="du texte, ou un nombre fini") from error


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
    content = _read_whole(livre)
    try:
        return json.loads(content, parse_float=_decimal, parse_constant=_refuse_constant, object_pairs_hook=_once)
    except UnicodeDecodeError as error:
        raise livre.error("octet qui n'est pas de l'utf-8", attendu="un JSON en utf-8") from error
    except json.JSONDecodeError as error:
        raise livre.error(
            f"JSON mal formé ({error.msg})", ligne=error.lineno, conseil="le fichier est sans doute coupé"
        ) from error
    except RecursionError as error:
        raise livre.error("JSON trop imbriqué", attendu="un tableau d'objets") from error
    except ValueError as error:  # a number of thousands of digits, NaN, a key twice
        raise livre.error(f"JSON refusé ({str(error)[:200]})", attendu="un JSON (RFC 8259)") from error


def _decimal(text: str) -> float | str:
    """A number with a point or an exponent; beyond what a float holds exactly, the text as it stands."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"nombre {text[:40]} hors limites")
    return text if abs(number) >= 2**53 else number


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} n'est pas un nombre")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"clé « {next(n for n in names if names.count(n) > 1)} » donnée deux fois")
    return found


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
    return names, _texts(livre, ((rank, [item.get(n) for n in names]) for rank, item in enumerate(objects, start=1)))


def _read_json(livre: Livre) -> tuple[list[str], Rows]:
    content = _load_json(livre)
    if livre.fichier.racine:
        content = content.get(livre.fichier.racine) if isinstance(content, dict) else None
    if livre.fichier.aplatir and isinstance(content, list):
        content = [_flatten(livre, item) if isinstance(item, dict) else item for item in content]
    if not isinstance(content, list):
        raise livre.error("JSON qui n'est pas un tableau", attendu="un tableau d'objets", conseil="comparer à la fiche")
    return _from_objects(livre, content)


def _flatten(livre: Livre, item: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested objects as one: {"a": {"b": 1}} is {"a_b": 1}."""
    flat: dict[str, Any] = {}
    for key, value in item.items():
        added = _flatten(livre, value, f"{prefix}{key}_") if isinstance(value, dict) else {prefix + key: value}
        if twice := flat.keys() & added.keys():
            raise livre.error("deux valeurs pour une colonne", colonne=min(twice), conseil="comparer à la fiche")
        flat |= added
    return flat


def _read_geojson(livre: Livre) -> tuple[list[str], Rows]:
    content = _load_json(livre)
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, list):
        raise livre.error("GeoJSON sans « features »", attendu="une FeatureCollection", conseil="comparer à la fiche")
    wants_geometry = any(column.matches("geometry", {}) for column in livre.table.colonnes)
    objects = []
    for rank, feature in enumerate(features, start=1):
        properties = (feature.get("properties") or {}) if isinstance(feature, dict) else None
        if not isinstance(properties, dict) or (wants_geometry and "geometry" in properties):
            message = "élément qui n'est pas une Feature, ou propriété nommée « geometry »"
            raise livre.error(message, ligne=rank, attendu="des Feature (RFC 7946)")
        objects.append({**properties, "geometry": feature.get("geometry")} if wants_geometry else properties)
    return _from_objects(livre, objects)


def _read_parquet(livre: Livre) -> tuple[list[str], Rows]:
    import pyarrow.parquet as pq

    wrong, expected = "parquet illisible", "un fichier parquet"
    file = guarded(livre, wrong, expected, lambda: pq.ParquetFile(livre.chemin))
    names = guarded(livre, wrong, expected, lambda: file.schema_arrow.names)

    def records() -> Iterator[tuple[int, tuple]]:
        rank = 0
        for batch in file.iter_batches(batch_size=10_000):
            for values in zip(*(_column_values(column) for column in batch.columns), strict=True):
                rank += 1
                yield rank, values

    return names, _texts(livre, guarded_rows(livre, wrong, expected, records()))


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
        path = _assemble(livre, Path(folder))

        def load() -> Any:
            frame = geopandas.read_file(path, ignore_geometry=not wants_geometry, **options)
            if not wants_geometry:
                return frame
            shapes = frame.geometry.to_crs(4326) if frame.crs else frame.geometry
            return frame.drop(columns="geometry").assign(geometry=shapes.to_wkt())

        frame = guarded(livre, "shapefile illisible", ".shp, .dbf et .shx, ou leur zip", load)
    names = [str(name) for name in frame.columns]
    filled = frame.astype(object).where(frame.notna(), None)
    return names, _texts(livre, enumerate(filled.itertuples(index=False, name=None), 1))


def _assemble(livre: Livre, folder: Path) -> Path:
    """A zip as it is; a bare .shp with its parts, which the landing keeps under other hashes."""
    path = livre.chemin.resolve()  # a link to a relative path would lead nowhere from the other folder
    if path.suffix.lower() == ".zip":
        return path
    parts = find_companions(path)
    if missing := sorted({".dbf", ".shx"} - {Path(name).suffix.lower() for name in parts}):
        raise livre.error(
            f"shapefile sans {' ni '.join(missing)}",
            attendu="le .shp avec son .dbf et son .shx, ou leur zip",
            conseil="demander les parties au producteur ; la collecte qui les reçoit fait relire le fichier",
        )
    for name, part in {**parts, path.name: path}.items():
        (folder / name).symlink_to(part)
    return folder / path.name
