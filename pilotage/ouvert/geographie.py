"""GeoJSON (RFC 7946) and GeoParquet (1.1) of the published tables that hold a place or an outline."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

DOSSIER = "geographie"
PRECISION = 6  # decimals of a degree: about ten centimetres


@dataclass(frozen=True)
class Couche:
    """A layer: the table it is made of, and the column of its GeoJSON outline (None: latitude and longitude)."""

    nom: str
    table: str
    contour: str | None
    titre: str


COUCHES = (
    Couche("lieux", "commun.dim_lieux", None, "Lieux ouverts au public, en points"),
    Couche("offre_services", "commun.fait_offre_services", None, "Lieux de chaque service, en points"),
    Couche("communes", "commun.fait_contours", "geometrie", "Contours des communes"),
    Couche("territoires", "commun.fait_contours_territoires", "geometrie", "Contours des départements et des régions"),
)


def write_layers(parquets: dict[str, Path], folder: Path) -> list[tuple[Couche, Path]]:
    """Write each layer whose table is there as `geographie/<nom>.geojson` and `.parquet`; rows without place stay out.

    Args:
        parquets: `schema.table` -> its Parquet file.

    Returns:
        (layer, file) pairs; the same tables give the same bytes.
    """
    written: list[tuple[Couche, Path]] = []
    for layer in COUCHES:
        if layer.table in parquets:
            frame = read_layer(parquets[layer.table], layer)
            if len(frame):
                written += [(layer, path) for path in _write(frame, folder / DOSSIER, layer.nom)]
    return written


def read_layer(parquet: Path, layer: Couche):
    """A GeoDataFrame (longitude, latitude, WGS 84) of the rows that have a place."""
    import geopandas
    import pyarrow.parquet as pq
    import shapely

    frame = pq.read_table(parquet).to_pandas(date_as_object=True)
    if layer.contour:
        frame = frame[frame[layer.contour].notna()]
        shapes = shapely.make_valid(shapely.from_geojson(frame.pop(layer.contour).to_numpy()))
    else:
        frame = frame[frame.latitude.notna() & frame.longitude.notna()]
        shapes = geopandas.points_from_xy(frame.longitude, frame.latitude)
    return geopandas.GeoDataFrame(frame.reset_index(drop=True), geometry=list(shapes), crs="OGC:CRS84")


def _write(frame, folder: Path, name: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    parquet, geojson = folder / f"{name}.parquet", folder / f"{name}.geojson"
    frame.to_parquet(parquet, index=False, schema_version="1.1.0", write_covering_bbox=True)
    _fix_crs(parquet)
    texts = frame.assign(**{c: frame[c].astype("string") for c in frame.columns if _is_date(frame[c])})
    options = {"RFC7946": "YES", "WRITE_NAME": "NO", "COORDINATE_PRECISION": str(PRECISION)}
    texts.to_file(geojson, driver="GeoJSON", engine="pyogrio", layer_options=options)
    return [parquet, geojson]


def _fix_crs(path: Path) -> None:
    """Leave out the description of the reference system, which depends on the PROJ database at hand: without it
    GeoParquet means OGC:CRS84, longitude and latitude in WGS 84."""
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    geo = json.loads(table.schema.metadata[b"geo"])
    for column in geo["columns"].values():
        column.pop("crs", None)
    table = table.replace_schema_metadata({"geo": json.dumps(geo, sort_keys=True)})
    pq.write_table(table, path, compression="zstd", version="2.6")


def _is_date(values) -> bool:
    import datetime as dt

    first = next((value for value in values if value is not None and value == value), None)
    return isinstance(first, dt.date)
