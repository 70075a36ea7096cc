"""Outlines in GeoJSON: a square of the right area around each village, a frame around each département and region."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from pilotage.simulation.ecriture import Depot
from pilotage.simulation.histoire import Histoire
from pilotage.simulation.insee_codes import nom_region
from pilotage.simulation.territoire import Territoire

Anneau = list[list[float]]


def write(t: Territoire, h: Histoire, depot: Depot) -> None:
    """Communes of 2018, one file a département; départements and régions of the mainland only, as upstream."""
    etat, carres = h.etats["2018"], _squares(t)
    villages = defaultdict(list)
    for village, rang in enumerate(etat.rang.tolist()):
        villages[rang].append(village)
    par_departement: dict[str, list[dict]] = defaultdict(list)
    for k, (chef, nom) in enumerate(zip(etat.chefs.tolist(), etat.libelles(), strict=True)):
        contour = _feature(str(t.code[chef]), nom, [carres[v] for v in villages[k]])
        par_departement[t.codes_dep[t.dep[chef]]].append(contour)
    for dep, contours in par_departement.items():
        _save(depot, "ign__contours_communes", f"communes-{dep}-simule.geojson", contours)
    metropole = np.flatnonzero(~t.outre_mer)
    departements = [(t.codes_dep[d], f"Département simulé {t.codes_dep[d]}") for d in t.dep[metropole].tolist()]
    regions = [(t.region_dep[d], nom_region(t.region_dep[d])) for d in t.dep[metropole].tolist()]
    for source, zones in (("departements", departements), ("regions", regions)):
        cadres = [_feature(*zone, [_frame(t, membres)]) for zone, membres in _gather(zones, metropole).items()]
        _save(depot, f"ign__contours_{source}", f"{source}-version-simplifiee.geojson", cadres)


def _squares(t: Territoire) -> list[Anneau]:
    """Ring of each village, closed, in degrees to five decimals."""
    demi = np.sqrt(t.surface_ha / 100) / 2
    dx, dy = demi / (111.32 * np.cos(np.radians(t.lat))), demi / 111.32
    coins = [(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]
    rings = np.stack([np.stack([t.lon + a * dx, t.lat + b * dy], 1) for a, b in coins], 1)
    return np.round(rings, 5).tolist()


def _frame(t: Territoire, membres: list[int]) -> Anneau:
    ouest, est = round(float(t.lon[membres].min()), 5), round(float(t.lon[membres].max()), 5)
    sud, nord = round(float(t.lat[membres].min()), 5), round(float(t.lat[membres].max()), 5)
    return [[ouest, sud], [est, sud], [est, nord], [ouest, nord], [ouest, sud]]


def _gather(zones: list[tuple[str, str]], villages: np.ndarray) -> dict[tuple[str, str], list[int]]:
    membres: dict[tuple[str, str], list[int]] = defaultdict(list)
    for zone, village in zip(zones, villages.tolist(), strict=True):
        membres[zone].append(village)
    return dict(sorted(membres.items()))


def _feature(code: str, nom: str, anneaux: Iterable[Anneau]) -> dict:
    rings = list(anneaux)
    geometry = (
        {"type": "Polygon", "coordinates": [rings[0]]}
        if len(rings) == 1
        else {"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]}
    )
    return {"type": "Feature", "geometry": geometry, "properties": {"code": code, "nom": nom}}


def _save(depot: Depot, source: str, fichier: str, contours: list[dict]) -> None:
    contenu = json.dumps({"type": "FeatureCollection", "features": contours}, ensure_ascii=False, separators=(",", ":"))
    depot.octets(source, "2018", fichier, contenu.encode(), separator="GeoJSON", rows=str(len(contours)))
