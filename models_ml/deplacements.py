"""Travel between places: crow-fly distance made longer by a detour and turned into minutes by declared speeds.

Positions are degrees; a place without position is NaN and takes part in no trip (it is never put at 0, 0).
Neighbours are found by `scipy.spatial.cKDTree` on unit 3-D vectors: the chord of an angle a is 2·sin(a/2), so distances
hold everywhere, across the date line and overseas alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from models_ml.parametres import ParametresDeplacements, load_deplacements


@dataclass(frozen=True)
class Lieux:
    """Places that trips start from or go to, all arrays of length n.

    latitude, longitude: degrees, NaN when unknown. vitesse_kmh: speed around the place. commune: index of the commune
    where it stands, -1 when unknown. ile: 0 on the mainland side, k > 0 on the k-th island without a fixed link.
    """

    latitude: np.ndarray
    longitude: np.ndarray
    vitesse_kmh: np.ndarray
    commune: np.ndarray
    ile: np.ndarray

    def __len__(self) -> int:
        return len(self.latitude)

    @property
    def placed(self) -> np.ndarray:
        """Indices of the places whose position is known."""
        return np.flatnonzero(np.isfinite(self.latitude) & np.isfinite(self.longitude))


def unit_vectors(latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
    """Degrees (n,), (n,) -> points of the unit sphere (n, 3)."""
    lat, lon = np.radians(latitude), np.radians(longitude)
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def chord_to_km(chord: np.ndarray, radius_km: float) -> np.ndarray:
    return 2 * radius_km * np.arcsin(np.clip(chord / 2, 0, 1))


def km_to_chord(km: float, radius_km: float) -> float:
    return float(2 * np.sin(min(km / (2 * radius_km), np.pi / 2)))


def commune_places(communes, parameters: ParametresDeplacements | None = None) -> Lieux:
    """Centres of the communes of a frame (columns latitude, longitude, niveau_densite, code_commune)."""
    p = parameters or load_deplacements()
    speed = communes.niveau_densite.map(p.vitesses_kmh).fillna(p.vitesse_sans_densite_kmh)
    islands = {code: k for k, island in enumerate(p.iles, start=1) for code in island.communes}
    return Lieux(
        communes.latitude.to_numpy(float),
        communes.longitude.to_numpy(float),
        speed.to_numpy(float),
        np.arange(len(communes)),
        communes.code_commune.map(islands).fillna(0).to_numpy(int),
    )


def site_places(latitude, longitude, commune: np.ndarray, communes: Lieux) -> Lieux:
    """Places at their own position, else at their commune's centre; speed and island are those of their commune.

    A place whose commune is unknown (-1) takes those of the nearest centre.
    """
    latitude, longitude = np.array(latitude, float), np.array(longitude, float)
    commune = np.array(commune, int)
    lost = ~(np.isfinite(latitude) & np.isfinite(longitude))
    known = commune >= 0
    use_centre = lost & known
    latitude[use_centre] = communes.latitude[commune[use_centre]]
    longitude[use_centre] = communes.longitude[commune[use_centre]]
    orphans = np.flatnonzero(~known & np.isfinite(latitude) & np.isfinite(longitude))
    near = commune.copy()
    if len(orphans) and len(communes.placed):
        tree = cKDTree(unit_vectors(communes.latitude[communes.placed], communes.longitude[communes.placed]))
        near[orphans] = communes.placed[tree.query(unit_vectors(latitude[orphans], longitude[orphans]))[1]]
    speed = np.where(near >= 0, communes.vitesse_kmh[near], np.nan)
    return Lieux(latitude, longitude, speed, commune, np.where(near >= 0, communes.ile[near], 0))


def within_km(origins: Lieux, destinations: Lieux, km: float, radius_km: float) -> tuple[np.ndarray, ...]:
    """All pairs at most `km` apart as the crow flies: origin index, destination index, kilometres; sorted."""
    o, d = origins.placed, destinations.placed
    if not len(o) or not len(d):
        return np.empty(0, int), np.empty(0, int), np.empty(0)
    tree_o = cKDTree(unit_vectors(origins.latitude[o], origins.longitude[o]))
    tree_d = cKDTree(unit_vectors(destinations.latitude[d], destinations.longitude[d]))
    limit = np.nextafter(km_to_chord(km, radius_km), np.inf)
    found = tree_o.sparse_distance_matrix(tree_d, limit, output_type="ndarray")
    return _ordered(o[found["i"]], d[found["j"]], chord_to_km(found["v"], radius_km), len(origins), len(destinations))


def _ordered(i, j, values, n: int, m: int) -> tuple[np.ndarray, ...]:
    """The same pairs by origin, then destination; counting them in is ten times faster than a sort of keys."""
    table = sparse.coo_matrix((values, (i, j)), shape=(n, m)).tocsr()
    table.sort_indices()
    return np.repeat(np.arange(n), np.diff(table.indptr)), table.indices.astype(int), table.data


def _minutes(origins: Lieux, destinations: Lieux, i, j, km, area_km2, p: ParametresDeplacements) -> np.ndarray:
    """Minutes of the pairs (i, j): half the way at each end's speed.

    Within a commune of area a that holds s sites, ½·√(a/s) replaces the distance, up to the declared ceiling: s sites
    share the commune, and people of very large communes live in its towns.
    """
    if area_km2 is not None:
        area = np.where(area_km2 > 0, area_km2, p.interne.superficie_sans_mesure_km2)
        last = origins.commune.max(initial=0) + 1
        held = np.bincount(destinations.commune[destinations.commune >= 0], minlength=last).clip(min=1)
        within = np.minimum(p.interne.facteur * np.sqrt(area / held[origins.commune]), p.interne.plafond_km)
        km = np.where(origins.commune[i] == destinations.commune[j], within[i], km)
    pace = 30 * (1 / origins.vitesse_kmh[i] + 1 / destinations.vitesse_kmh[j])
    return km * p.detour.valeur * pace


def travel_table(
    origins: Lieux,
    destinations: Lieux,
    max_minutes: float,
    area_km2: np.ndarray | None = None,
    parameters: ParametresDeplacements | None = None,
) -> sparse.csr_matrix:
    """Minutes from each origin (n) to each destination (m), up to `max_minutes`; csr (n, m), rows sorted by column.

    An explicit zero is a real trip; a pair not stored takes longer than `max_minutes`, or needs a boat.

    Args:
        area_km2: area of the origins (n,), which are then communes, each once.
    """
    p = parameters or load_deplacements()
    fastest = max(np.nanmax(origins.vitesse_kmh, initial=0), np.nanmax(destinations.vitesse_kmh, initial=0))
    reach_km = max_minutes * fastest / 60 / p.detour.valeur
    i, j, km = within_km(origins, destinations, reach_km, p.rayon_terre_km)
    if area_km2 is not None:
        i, j, km = _with_own_sites(i, j, km, origins.commune, destinations.commune)
    minutes = _minutes(origins, destinations, i, j, km, area_km2, p)
    keep = (minutes <= max_minutes) & (origins.ile[i] == destinations.ile[j])
    pointers = np.concatenate([[0], np.cumsum(np.bincount(i[keep], minlength=len(origins)))])
    return sparse.csr_matrix((minutes[keep], j[keep], pointers), shape=(len(origins), len(destinations)))


def _with_own_sites(i, j, km, here: np.ndarray, there: np.ndarray) -> tuple[np.ndarray, ...]:
    """Add each site's pair with its own commune, however far the centre lies or even if it is unknown."""
    place = np.full(max(here.max(initial=-1), there.max(initial=-1)) + 2, -1)
    place[here] = np.arange(len(here))
    missing = place[there] >= 0
    missing[there < 0] = False
    missing[j[here[i] == there[j]]] = False
    extra = np.flatnonzero(missing)
    if not len(extra):
        return i, j, km
    i, j = np.concatenate([i, place[there[extra]]]), np.concatenate([j, extra])
    return _ordered(i, j, np.concatenate([km, np.zeros(len(extra))]), len(here), len(there))


def nearest_beyond(
    origins: Lieux,
    destinations: Lieux,
    rows: np.ndarray,
    k: int,
    parameters: ParametresDeplacements | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The k quickest of the crow-fly nearest destinations for `rows` that the table leaves empty.

    Only destinations on the same island count; a trip longer than an eighth of the globe is none (no road crosses an
    ocean). Returns destinations (len(rows), k) with -1 for none, and minutes with NaN.
    """
    p = parameters or load_deplacements()
    where = np.full((len(rows), k), -1)
    minutes = np.full((len(rows), k), np.nan)
    placed = np.isfinite(origins.latitude[rows]) & np.isfinite(origins.longitude[rows])
    for island in np.unique(origins.ile[rows][placed]):
        here = np.flatnonzero(placed & (origins.ile[rows] == island))
        there = destinations.placed[destinations.ile[destinations.placed] == island]
        if not len(there):
            continue
        count = min(len(there), max(k, p.voisins_au_dela))
        tree = cKDTree(unit_vectors(destinations.latitude[there], destinations.longitude[there]))
        chord, near = tree.query(unit_vectors(origins.latitude[rows[here]], origins.longitude[rows[here]]), k=count)
        chord, near = chord.reshape(len(here), count), there[near.reshape(len(here), count)]
        km = chord_to_km(chord, p.rayon_terre_km)
        i = np.repeat(rows[here], count)
        time = _minutes(origins, destinations, i, near.ravel(), km.ravel(), None, p).reshape(near.shape)
        time[km > OCEAN_KM] = np.nan
        order = np.argsort(time, axis=1, kind="stable")[:, :k]
        best = np.take_along_axis(time, order, axis=1)
        where[here, : best.shape[1]] = np.where(np.isfinite(best), np.take_along_axis(near, order, axis=1), -1)
        minutes[here, : best.shape[1]] = best
    return where, minutes


OCEAN_KM = 400.0
"""Longest crow-fly trip taken for a trip by road: beyond, there is an ocean in between."""
