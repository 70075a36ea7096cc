"""Territorial programmes of ANCT as its maps publish them: GeoJSON whose members are read in a sentence."""

from __future__ import annotations

import json

import numpy as np

from pilotage.simulation.ecriture import Depot
from pilotage.simulation.groupements import Groupements
from pilotage.simulation.histoire import Histoire
from pilotage.simulation.profils import Profils
from pilotage.simulation.territoire import Territoire

LISTES = {  # source: (file, prefix of identifiers, territories in reality, members of a territory, dated)
    "anct__petites_villes_de_demain": ("pvd_geom", "pvd", 1645, 1, True),
    "anct__action_coeur_de_ville": ("acv_geom", "acv", 232, 2, True),
    "anct__action_coeur_de_ville_2": ("acv2_geom", "acv", 45, 2, False),
    "anct__villages_avenir": ("va_geom", "va", 2498, 1, False),
    "anct__cites_educatives": ("citeduc_geom", "cite", 189, 2, False),
    "anct__campus_connectes": ("cde_geom", "cde", 91, 3, False),
}
BORNES = {"pvd": (1_000, 20_000), "acv": (8_000, 1e9), "va": (20, 3_500), "cite": (5_000, 1e9), "cde": (5_000, 1e9)}
MILLESIME = "2024-09-16"


def write(t: Territoire, h: Histoire, p: Profils, depot: Depot) -> None:
    etat = h.etats["2023"]
    population, libelles = etat.somme(t.population), etat.libelles()
    codes = t.code[etat.chefs]
    for source, (fichier, prefixe, reel, taille, date) in LISTES.items():
        rng, (bas, haut) = t.tirage(source), BORNES[prefixe]
        possibles = np.flatnonzero((population >= bas) & (population <= haut))
        choix = rng.permutation(possibles)[: t.nombre(reel, 2) * taille]
        traits = []
        for rang in range(0, len(choix), taille):
            membres = sorted(choix[rang : rang + (1 + rang % taille if taille > 1 else 1)].tolist())
            proprietes = {
                "id_territoire": _identifier(prefixe, rang + 1, t, etat.chefs[membres[0]]),
                "lib_territoire": libelles[membres[0]],
                **({"date_signature": "2021-05-28" if prefixe == "pvd" and rang % 40 else None} if date else {}),
                "liste_geo": "; ".join(f"{libelles[k]} ({codes[k]})" for k in membres),
            }
            points = [[float(t.lon[etat.chefs[k]]), float(t.lat[etat.chefs[k]])] for k in membres]
            genre = {"type": "Point", "coordinates": points[0]} if len(points) == 1 else {
                "type": "MultiPoint", "coordinates": points}  # fmt: skip
            traits.append({"type": "Feature", "properties": proprietes, "geometry": genre})
        if prefixe == "cite" and len(traits) > 1:  # two territories of one commune stand on one row
            traits[0]["properties"]["id_territoire"] += f" ; cite-{len(choix) + 9:03d}"
        _write_geojson(depot, source, fichier, traits)
    _write_territoires_industrie(t, h, depot)


def _identifier(prefixe: str, rang: int, t: Territoire, village: int) -> str:
    d = int(t.dep[village])
    if prefixe == "pvd":
        return f"pvd-{t.region_dep[d]}-{t.codes_dep[d]}-{rang}"
    return f"va-{t.codes_dep[d]}-{rang:02d}" if prefixe == "va" else f"{prefixe}-{rang:03d}"


def _write_territoires_industrie(t: Territoire, h: Histoire, depot: Depot) -> None:
    """Groups of neighbouring groupings, told by their SIREN; the shape is a square."""
    g, rng = Groupements(t, h.etats["2023"], 2020), t.tirage("territoires industrie")
    choix = rng.permutation(np.flatnonzero(g.effectif > 0))[: t.nombre(641, 4)]
    traits = []
    for rang in range(0, len(choix), 3):
        membres = sorted(choix[rang : rang + 3].tolist())
        siege = g.sieges[membres[0]]
        x, y = float(t.lon[siege]), float(t.lat[siege])
        carre = [[x, y], [x + 0.1, y], [x + 0.1, y + 0.1], [x, y + 0.1], [x, y]]
        proprietes = {
            "id_territoire": f"ti-{t.region_dep[t.dep[siege]]}{rang // 3 + 1:02d}",
            "lib_territoire": f"Bassin de {t.nom[siege]}",
            "liste_geo": "; ".join(f"{g.libelles[e]} ({g.siren[e]})" for e in membres),
        }
        geometrie = {"type": "Polygon", "coordinates": [carre]}
        traits.append({"type": "Feature", "properties": proprietes, "geometry": geometrie})
    _write_geojson(depot, "anct__territoires_industrie", "ti_geom", traits)


def _write_geojson(depot: Depot, source: str, nom: str, traits: list[dict]) -> None:
    """One feature a line, as the desktop tool that upstream uses writes them."""
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    lignes = ",\n".join(json.dumps(trait, ensure_ascii=False) for trait in traits)
    tete = f'{{\n"type": "FeatureCollection",\n"name": "{nom}",\n"crs": {json.dumps(crs)},\n"features": [\n'
    contenu = f"{tete}{lignes}\n]\n}}\n".encode()
    depot.octets(source, MILLESIME, f"{nom}.geojson", contenu, separator="GeoJSON", rows=str(len(traits)))
