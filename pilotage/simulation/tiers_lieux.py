"""ANCT's tiers-lieux by commune (GeoJSON), and the activity of digital advisers by postcode."""

from __future__ import annotations

import json

import numpy as np

from pilotage.simulation import noms
from pilotage.simulation.adresses import centres
from pilotage.simulation.ecriture import Depot, texte
from pilotage.simulation.histoire import Histoire
from pilotage.simulation.portes import ASSOCIATION, Portes
from pilotage.simulation.territoire import rares

ACTIVITE = "CodePostal," + ",".join(
    f"Somme de {x}" for x in noms.mots("Moins12ans De12a18ans De18a35ans De35a60ans Plus60ans Etudiant SansEmploi "
                                       "EnEmploi Retraite Heterogene")
)  # fmt: skip
MOYENNES = (40, 26, 52, 142, 229, 63, 80, 77, 213, 56)  # participations by postcode in the real file
MODELES = ("Tiers-lieu {}", "La Fabrique de {}", "L'Atelier {} (simulé)", "Fablab {}", "Association Simulée {}")


def write(portes: Portes, conseillers: np.ndarray, h: Histoire, depot: Depot) -> None:
    _write_lieux(portes, h, depot, "anct__fabriques_de_territoire", "fabt", 382, "fabt-{}")
    _write_lieux(portes, h, depot, "anct__manufactures_proximite", "manuprox", 111, "manuprox-1-{}")
    _write_activite(portes, conseillers, depot)


def _write_lieux(portes: Portes, h: Histoire, depot: Depot, source: str, nom: str, reels: int, numero: str) -> None:
    """One feature a commune, its places joined by «; », the point at the centre of the commune."""
    t, etat, rng = portes.t, h.etats["2023"], portes.t.tirage(nom)
    doors = portes.de(ASSOCIATION)
    doors = np.sort(rng.choice(doors, size=min(len(doors), t.nombre(reels, 6)), replace=False))
    communes: dict[int, list[int]] = {}
    for rang, i in enumerate(doors.tolist()):
        communes.setdefault(int(etat.parent[portes.village[i]]), []).append(rang)
    lon, lat, _ = centres(t, etat)
    lignes = []
    for chef, rangs in sorted(communes.items(), key=lambda c: str(t.code[c[0]])):
        rang_etat, ville = etat.rang[chef], noms.libelle(etat.tncc[chef], etat.nom[chef])
        proprietes = {
            "id_geo": str(t.code[chef]), "lib_geo": ville,
            "id_territoire": "; ".join(numero.format(rang + 1) for rang in rangs),
            "liste_geo": f"{ville} ({t.code[chef]})",
            "lib_territoire": "; ".join(MODELES[rang % 5].format(ville) for rang in rangs),
        }  # fmt: skip
        point = f'"geometry": {{ "type": "Point", "coordinates": [ {lon[rang_etat]}, {lat[rang_etat]} ] }}'
        corps = json.dumps(proprietes, ensure_ascii=False)[1:-1]
        lignes.append(f'{{ "type": "Feature", "properties": {{ {corps} }}, {point} }}')
    tete = (
        f'{{\n"type": "FeatureCollection",\n"name": "{nom}_geom",\n"crs": {{ "type": "name", "properties": '
        '{ "name": "urn:ogc:def:crs:OGC:1.3:CRS84" } },\n"features": [\n'
    )
    depot.octets(source, "2024-09-16", f"{nom}_geom.geojson", (tete + ",\n".join(lignes) + "\n]\n}\n").encode())


def _write_activite(portes: Portes, conseillers: np.ndarray, depot: Depot) -> None:
    """Sums by postcode of the advisers' doors; a few codes have lost their last figure, as in the real list."""
    rng = portes.t.tirage("activite")
    codes = sorted({portes.cp[i] for i in conseillers.tolist()})
    n = len(codes)
    comptes = [np.floor(rng.exponential(moyenne, n)).astype(int) for moyenne in MOYENNES]
    colonnes = [cut_short(codes, rares(n, 29 / 4812, 0.009)), *map(texte, comptes)]
    fichier = "2023-07-17-conum-cra_par_code_postaux.csv"
    depot.csv("anct__conseillers_numeriques_activite", "2023-07-17", fichier, ACTIVITE, colonnes)


def cut_short(codes: list[str], combien: int) -> list[str]:
    """The same postcodes, `combien` of them without their last figure; no two read the same, as in the real list."""
    premiers: dict[str, int] = {}
    for rang, code in enumerate(codes[1:], start=1):
        premiers.setdefault(code[:4], rang)
    courts = set(list(premiers.values())[:combien])
    return [f" {code[:4]}" if rang in courts else code for rang, code in enumerate(codes)]
