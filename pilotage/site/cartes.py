"""The maps' data, a script a département: contours, values by commune, doors. Loaded after the page, when looked at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from pilotage.catalogue import AXES
from pilotage.site import requetes
from pilotage.site.commun import as_script, dump
from pilotage.site.lecture import CHIFFRES, group, read

if TYPE_CHECKING:
    from psycopg import Connection

TOLERANCE_DEG = 0.0008  # about 80 m: less than a pixel of a département on a screen
DECIMALES = 4
FAITS = " UNION ALL ".join(
    f"SELECT niveau, code_territoire, code_indicateur, millesime, valeur FROM {axe}.indicateurs_{axe}"
    for axe in AXES
    if axe != "commun"
)
SERVIES = f"""
SELECT f.code_territoire AS code_commune, f.code_indicateur, f.valeur
FROM ({FAITS}) AS f
INNER JOIN synthese.reperes AS r
    ON r.niveau = f.niveau AND r.code_indicateur = f.code_indicateur AND r.millesime = f.millesime
WHERE f.valeur IS NOT NULL
"""
VALEURS = f"""
SELECT v.*, c.code_departement FROM ({SERVIES} AND f.niveau = 'commune') AS v
INNER JOIN commun.dim_communes AS c ON c.code_commune = v.code_commune AND c.est_actuelle
"""
VALEURS_FRANCE = f"{SERVIES} AND f.niveau = 'departement'"
NOMS = "SELECT code_territoire, nom_territoire FROM commun.dim_territoires WHERE niveau = 'departement'"


def write_maps(connection: Connection, folder: Path) -> dict[str, list[str]]:
    """Write `cartes/contours_<dep>.js`, `valeurs_<dep>.js`, `lieux_<dep>.js` and `cartes/contours_france.js`.

    Contours are simplified together, so that neighbours keep a common border (GEOS coverage simplification).

    Returns:
        Départements that have a file, by kind of file.
    """
    target = folder / "cartes"
    target.mkdir(parents=True, exist_ok=True)
    _write_values(connection, target)
    _write_places(connection, target)
    outlines = []
    names = dict(read(connection, NOMS).iter_rows())
    contours = read(connection, requetes.CONTOURS)
    for (dep,), frame in contours.group_by("code_departement", maintain_order=True):
        shapes, outline = _simplify(frame["geometrie"].to_list())
        features = [
            {"type": "Feature", "id": code, "properties": {"nom": name}, "geometry": shape}
            for code, name, shape in zip(frame["code_commune"], frame["nom_commune"], shapes, strict=True)
            if shape
        ]
        _write(target / f"contours_{dep}.js", "CONTOURS", dep, {"type": "FeatureCollection", "features": features})
        outlines.append({"type": "Feature", "id": dep, "properties": {"nom": names.get(dep)}, "geometry": outline})
    text = as_script("CONTOURS_FRANCE", {"type": "FeatureCollection", "features": outlines})
    (target / "contours_france.js").write_text(text, encoding="utf-8")
    return {kind: _departments(target, kind) for kind in ("contours", "valeurs", "lieux")}


def _departments(target: Path, kind: str) -> list[str]:
    found = (path.stem.removeprefix(f"{kind}_") for path in target.glob(f"{kind}_*.js"))
    return sorted(dep for dep in found if dep != "france")


def _simplify(texts: list[str]) -> tuple[list[dict | None], dict]:
    """GeoJSON shapes simplified as one coverage, and their common outline, coarser."""
    import shapely

    shapes = [_surfaces(shape) for shape in shapely.make_valid(shapely.from_geojson(texts))]
    simple = shapely.coverage_simplify(shapes, TOLERANCE_DEG)
    outline = shapely.simplify(shapely.union_all(shapely.buffer(shapes, 1e-5)), 8 * TOLERANCE_DEG)
    return [_geometry(shape) for shape in simple], _geometry(outline)


def _surfaces(shape):
    """The polygons of a shape as one multipolygon; lines and points left by a repair are dropped."""
    import shapely

    parts = shapely.get_parts(shapely.get_parts(shape))
    return shapely.multipolygons([part for part in parts if part.geom_type == "Polygon" and not part.is_empty])


def _geometry(shape) -> dict | None:
    """GeoJSON of a shape, rings wound as d3-geo reads them (exterior clockwise); nothing of an empty one."""
    import shapely

    surfaces = _surfaces(shape)
    if surfaces.is_empty:
        return None
    wound = shapely.orient_polygons(surfaces, exterior_cw=True)
    return json.loads(shapely.to_geojson(shapely.transform(wound, lambda points: points.round(DECIMALES))))


def _write_values(connection: Connection, target: Path) -> None:
    frame = read(connection, VALEURS).with_columns(pl.col("valeur").round_sig_figs(CHIFFRES - 1))
    for (dep,), part in frame.group_by("code_departement"):
        _write(target / f"valeurs_{dep}.js", "VALEURS", dep, _by_indicator(part))
    france = _by_indicator(read(connection, VALEURS_FRANCE).with_columns(pl.col("valeur").round_sig_figs(CHIFFRES)))
    (target / "valeurs_france.js").write_text(as_script("VALEURS_FRANCE", france), encoding="utf-8")


def _by_indicator(frame: pl.DataFrame) -> dict[str, dict[str, float]]:
    wide = frame.sort("code_indicateur", "code_commune").group_by("code_indicateur", maintain_order=True)
    return {code: dict(zip(*pair, strict=True)) for code, *pair in wide.agg("code_commune", "valeur").iter_rows()}


def _write_places(connection: Connection, target: Path) -> None:
    frame = read(connection, requetes.LIEUX)
    places = group(frame, [name for name in frame.columns if name != "code_departement"], "code_departement")
    for dep, text in places.items():
        line = f"(window.LIEUX = window.LIEUX || {{}})[{dump(dep)}] = {text.replace('<', chr(92) + 'u003c')};\n"
        (target / f"lieux_{dep}.js").write_text(line, encoding="utf-8")


def _write(path: Path, name: str, dep: str, value: dict) -> None:
    text = f"(window.{name} = window.{name} || {{}})[{dump(dep)}] = {dump(value)};\n"
    path.write_text(text, encoding="utf-8")
