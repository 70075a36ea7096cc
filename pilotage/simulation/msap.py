"""The houses of services of 2018 as a geocoder gave them back: a shapefile in Lambert 93, without name or key."""

from __future__ import annotations

import struct

import numpy as np

from pilotage.simulation import noms
from pilotage.simulation.ecriture import Depot
from pilotage.simulation.histoire import Histoire
from pilotage.simulation.portes import MAISON, POSTE, Portes

SOURCE, MILLESIME, NOM = "cget__maisons_services_public", "2018-06-27", "MSAP-20180627_geolocalisation_pole_emploi"
CHAMPS = noms.mots("locatin osm_id osm_typ name hosnmbr street postcod city state country osm_key osm_val msg")
LARGEURS = [101 if champ == "name" else 80 for champ in CHAMPS]
PROJECTION = (
    'PROJCS["Lambert_Conformal_Conic",GEOGCS["GCS_GRS 1980(IUGG, 1980)",DATUM["D_unknown",SPHEROID["GRS80",6378137,'
    '298.257222101]],PRIMEM["Greenwich",0],UNIT["Degree",0.017453292519943295]],PROJECTION["Lambert_Conformal_Conic"],'
    'PARAMETER["standard_parallel_1",49],PARAMETER["standard_parallel_2",44],PARAMETER["latitude_of_origin",46.5],'
    'PARAMETER["central_meridian",3],PARAMETER["false_easting",700000],PARAMETER["false_northing",6600000],'
    'UNIT["Meter",1]]'
)


def write(portes: Portes, h: Histoire, depot: Depot) -> None:
    """One house in two becomes a France Services later; some share the post office's door."""
    t, etat, rng = portes.t, h.etats["2018"], portes.t.tirage("msap")
    doors = np.concatenate([portes.de(MAISON)[::3], portes.de(POSTE)[::25]])
    doors = np.sort(doors[~t.outre_mer[portes.village[doors]]])  # the projection is that of the mainland
    sort, rangees, vus = rng.random(len(doors)), [], set()
    for k, i in enumerate(doors.tolist()):
        ville = noms.sans_accents(portes.commune(i, etat))
        adresse = noms.sans_accents(portes.adresse(i, "usage"))
        cherche = f"{adresse}, {portes.cp[i].lstrip('0') if k == 1 else portes.cp[i]} {ville}, France"
        if cherche in vus:
            continue
        vus.add(cherche)
        trouve = bool(portes.numero[i]) and sort[k] < 0.4
        voie = f"{portes.type_voie[i]} {portes.voie[i]}"
        rangees.append(((
            cherche, str(100_000_000 + 37 * k), "N" if trouve else "W", "" if trouve else voie,
            portes.numero[i] if trouve else "", voie if trouve else "", portes.cp[i], portes.commune(i, etat),
            "Region simulee", "France", "place" if trouve else "highway", "house" if trouve else "residential", "",
        ), portes.lon[i], portes.lat[i]))  # fmt: skip
    xy = _lambert93(np.array([r[1] for r in rangees]), np.array([r[2] for r in rangees]))
    fichiers = {".dbf": _dbf([r[0] for r in rangees]), ".prj": PROJECTION.encode(), **_shp(xy)}
    for suffixe, contenu in sorted(fichiers.items()):
        depot.octets(SOURCE, MILLESIME, NOM + suffixe, contenu)


def _lambert93(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Metres east and north, rounded to the millimetre."""
    from pyproj import Transformer

    x, y = Transformer.from_crs(4326, 2154, always_xy=True).transform(lon, lat)
    return np.round(np.stack([x, y], 1), 3)


def _dbf(rangees: list[tuple[str, ...]]) -> bytes:
    """dBase III: fixed widths in bytes, the date of 2000 as everywhere in the simulation."""
    tete = struct.pack("<4BIHH17xB2x", 3, 100, 1, 1, len(rangees), 33 + 32 * len(CHAMPS), 1 + sum(LARGEURS), 0x57)
    for champ, largeur in zip(CHAMPS, LARGEURS, strict=True):
        tete += struct.pack("<11sc4xB15x", champ.encode(), b"C", largeur)
    corps = b"".join(
        b" " + b"".join(cell.encode()[:n].ljust(n) for cell, n in zip(rangee, LARGEURS, strict=True))
        for rangee in rangees
    )
    return tete + b"\r" + corps + b"\x1a"


def _shp(xy: np.ndarray) -> dict[str, bytes]:
    """Points and their index: big-endian lengths in words of 16 bits, little-endian values."""
    n = len(xy)
    bornes = (*xy.min(0), *xy.max(0), 0.0, 0.0, 0.0, 0.0)

    def tete(octets: int) -> bytes:
        return struct.pack(">7i", 9994, 0, 0, 0, 0, 0, octets // 2) + struct.pack("<2i8d", 1000, 1, *bornes)

    points = b"".join(
        struct.pack(">2i", k + 1, 10) + struct.pack("<i2d", 1, *point) for k, point in enumerate(xy.tolist())
    )
    index = b"".join(struct.pack(">2i", 50 + 14 * k, 10) for k in range(n))
    return {".shp": tete(100 + len(points)) + points, ".shx": tete(100 + len(index)) + index}
