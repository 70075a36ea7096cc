"""A shapefile of squares, byte by byte: what a desktop tool would write, without its clock."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RAYON_TERRE = 6_378_137.0
DEMI_COTE_M = 1_500.0
PROJECTION = (
    'PROJCS["WGS_1984_Web_Mercator_Auxiliary_Sphere",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",'
    '6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION['
    '"Mercator_Auxiliary_Sphere"],PARAMETER["False_Easting",0.0],PARAMETER["False_Northing",0.0],PARAMETER['
    '"Central_Meridian",0.0],PARAMETER["Standard_Parallel_1",0.0],PARAMETER["Auxiliary_Sphere_Type",0.0],'
    'UNIT["Meter",1.0]]'
)


@dataclass(frozen=True)
class Champ:
    """One attribute: text of a width in bytes, or a number with decimals."""

    nom: str
    largeur: int
    decimales: int = 0


def shapefile(nom: str, champs: Sequence[Champ], rangees: Sequence[tuple], centres: np.ndarray) -> dict[str, bytes]:
    """Members of the zip: one square of 3 km a row around (longitude, latitude), in Web Mercator; text in latin-1."""
    x = np.radians(centres[:, 0]) * RAYON_TERRE
    y = np.log(np.tan(np.pi / 4 + np.radians(centres[:, 1]) / 2)) * RAYON_TERRE
    shp, shx = _polygons(x, y)
    return {
        f"{nom}.shp": shp, f"{nom}.shx": shx, f"{nom}.dbf": _table(champs, rangees), f"{nom}.prj": PROJECTION.encode(),
        f"{nom}.cpg": b"UTF-8",
    }  # fmt: skip


def _polygons(x: np.ndarray, y: np.ndarray) -> tuple[bytes, bytes]:
    """Records of one closed ring of five points, clockwise, and their index."""
    d, taille = DEMI_COTE_M, 44 + 4 + 5 * 16
    bornes = (x.min() - d, y.min() - d, x.max() + d, y.max() + d)
    corps, index = [], []
    for rang, (cx, cy) in enumerate(zip(x.tolist(), y.tolist(), strict=True)):
        ouest, sud, est, nord = cx - d, cy - d, cx + d, cy + d
        anneau = (ouest, sud, ouest, nord, est, nord, est, sud, ouest, sud)
        corps.append(
            struct.pack(">2i", rang + 1, taille // 2)
            + struct.pack("<i4d3i10d", 5, ouest, sud, est, nord, 1, 5, 0, *anneau)
        )
        index.append(struct.pack(">2i", 50 + rang * (taille + 8) // 2, taille // 2))
    return (
        _head(100 + len(corps) * (taille + 8), bornes) + b"".join(corps),
        _head(100 + 8 * len(index), bornes) + b"".join(index),
    )


def _head(octets: int, bornes: tuple) -> bytes:
    entete = struct.pack(">7i", 9994, 0, 0, 0, 0, 0, octets // 2)
    return entete + struct.pack("<2i8d", 1000, 5, *bornes, 0.0, 0.0, 0.0, 0.0)


def _table(champs: Sequence[Champ], rangees: Sequence[tuple]) -> bytes:
    """dBase III in latin-1, numbers written in full with their decimals; dated 2000."""
    largeur = 1 + sum(c.largeur for c in champs)
    tete = struct.pack("<4BIHH20x", 3, 100, 1, 1, len(rangees), 33 + 32 * len(champs), largeur)
    for c in champs:
        genre = b"N" if c.decimales else b"C"
        tete += struct.pack("<11sc4xBB14x", c.nom.encode("latin-1"), genre, c.largeur, c.decimales)
    lignes = [b" " + b"".join(_cell(c, v) for c, v in zip(champs, rangee, strict=True)) for rangee in rangees]
    return tete + b"\r" + b"".join(lignes) + b"\x1a"


def _cell(champ: Champ, valeur: str | float) -> bytes:
    if champ.decimales:
        return f"{valeur:{champ.largeur}.{champ.decimales}f}".encode()[: champ.largeur]
    return str(valeur).encode("latin-1", "replace")[: champ.largeur].ljust(champ.largeur)
