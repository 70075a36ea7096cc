"""Positions and postcodes: centres of communes (OpenStreetMap) and La Poste's base of postcodes (two dialects)."""

from __future__ import annotations

import numpy as np

from pilotage.simulation import noms
from pilotage.simulation.ecriture import Depot, masque, significatif, texte
from pilotage.simulation.histoire import Etat, Histoire
from pilotage.simulation.territoire import Territoire

LOINTAINS = {  # collectivities that stand in the postal base and not in the official code
    "97501": "97500", "97701": "97133", "97801": "97150", "98611": "98610", "98711": "98711", "98818": "98800",
    "98901": "98799", "99138": "98000",
}  # fmt: skip


def codes_postaux(t: Territoire) -> np.ndarray:
    """Postcode of each village: neighbours share one; Corsica-like départements begin with 20."""
    resultat = np.empty(len(t), dtype="U5")
    for d, dep in enumerate(t.codes_dep):
        membres = t.membres[d]
        membres = membres[np.lexsort((t.code[membres], t.epci[membres]))]
        prefixe = dep if dep.isdigit() else "20" if dep in ("2A", "2B") else "00"
        base = 0 if dep != "2B" else 500
        for k, village in enumerate(membres.tolist()):
            rang = (base + (k // 6 + 1) * (10 if len(membres) < 300 else 1)) % 1000
            resultat[village] = f"{prefixe}{rang % 10 ** (5 - len(prefixe)):0{5 - len(prefixe)}d}"
    return resultat


def centres(t: Territoire, etat: Etat) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Longitude, latitude and surface in hectares of each commune of a state."""
    surface = etat.somme(t.surface_ha)
    return etat.somme(t.lon * t.surface_ha) / surface, etat.somme(t.lat * t.surface_ha) / surface, surface.astype(int)


def write(t: Territoire, h: Histoire, depot: Depot) -> None:
    _write_centres(t, h.etats["2018"], depot)
    _write_2020(t, h.etats["2021"], depot)
    _write_2024(t, h.etats["2023"], depot)


def _write_centres(t: Territoire, etat: Etat, depot: Depot) -> None:
    rng = t.tirage("osm")
    ordre = rng.permutation(len(etat.chefs))
    lon, lat, surface = centres(t, etat)
    libelles = etat.libelles()
    nom = [libelles[k] for k in ordre.tolist()]
    garde = np.ones(len(ordre), bool)
    garde[rng.choice(len(ordre), size=t.nombre(26), replace=False)] = False
    colonnes = [
        t.code[etat.chefs[ordre]].tolist(), nom, masque([f"fr:{n} (simulée)" for n in nom], garde),
        texte(surface[ordre]), significatif(lon[ordre], 16), significatif(lat[ordre], 16),
    ]  # fmt: skip
    depot.csv(
        "osm__centres_communes", "2018", "communes_2018_mapshaper.csv", "insee,nom,wikipedia,surf_ha,cx,cy", colonnes,
        derniere_fin=False,
    )  # fmt: skip


def _postal_rows(t: Territoire, etat: Etat) -> list[tuple[str, str, str, str, int]]:
    """(commune code, name, postcode, line 5, village); divided cities by arrondissement, far collectivities last."""
    cp, rangees = codes_postaux(t), []
    divisees = set(t.villes.tolist())
    for v in etat.chefs.tolist():
        if v not in divisees:
            nom = noms.majuscules(noms.libelle(etat.tncc[v], etat.nom[v]))
            rangees.append((str(t.code[v]), nom, str(cp[v]), "", v))
    for v in np.flatnonzero(etat.deleguee & (etat.parent != np.arange(len(t)))).tolist():
        chef = etat.parent[v]
        nom = noms.majuscules(noms.libelle(etat.tncc[chef], etat.nom[chef]))
        rangees.append((str(t.code[chef]), nom, str(cp[v]), noms.majuscules(noms.libelle(t.tncc[v], t.nom[v])), v))
    rng = t.tirage("lieux-dits")
    for v in rng.choice(etat.chefs, size=t.nombre(3_000)).tolist():
        if v not in divisees:
            nom = noms.majuscules(noms.libelle(etat.tncc[v], etat.nom[v]))
            rangees.append((str(t.code[v]), nom, str(cp[v]), noms.majuscules(noms.radicaux(rng, 1)[0]), v))
    for rang, ville in enumerate(t.villes.tolist()):
        for k, code in enumerate(t.code_arrondissement(rang), 1):
            prefixe = str(cp[ville])[:2]
            nom = f"{noms.majuscules(etat.nom[ville])} {k:02d}"
            rangees.append((code, nom, f"{prefixe}{900 + k}", "", ville))
    rangees.sort(key=lambda r: (r[0], r[2], r[3]))
    return rangees + [(code, f"COLLECTIVITE SIMULEE {code}", cp, "", -1) for code, cp in LOINTAINS.items()]


def _write_2020(t: Territoire, etat: Etat, depot: Depot) -> None:
    rangees, rng = _postal_rows(t, etat), t.tirage("hexasmal 2020")
    muet = rng.random(len(rangees)) < 0.006
    lignes = [
        (code, nom, cp, ligne5, nom.rstrip("0123456789 ") if cp[2] == "9" and nom[-1:].isdigit() else nom,
         "" if v < 0 or m else f"{t.lat[v]:.10f},{t.lon[v]:.11f}")
        for (code, nom, cp, ligne5, v), m in zip(rangees, muet.tolist(), strict=True)
    ]  # fmt: skip
    melange = [lignes[k] for k in rng.permutation(len(lignes)).tolist()]
    entete = "Code_commune_INSEE;Nom_commune;Code_postal;Ligne_5;Libellé_d_acheminement;coordonnees_gps"
    colonnes = list(zip(*melange, strict=True))
    depot.csv(
        "laposte__codes_postaux", "2020-12", "laposte_hexasmal.csv", entete, colonnes, separateur=";", fin="\r\n"
    )  # fmt: skip


def _write_2024(t: Territoire, etat: Etat, depot: Depot) -> None:
    entete = "#Code_commune_INSEE;Nom_de_la_commune;Code_postal;Libellé_d_acheminement;Ligne_5"
    lignes = [(code, nom, cp, nom, ligne5) for code, nom, cp, ligne5, _ in _postal_rows(t, etat)]
    depot.csv(
        "laposte__codes_postaux", "2024-01", "019HexaSmal.csv", entete, list(zip(*lignes, strict=True)),
        separateur=";", fin="\r\n", encodage="latin-1",
    )  # fmt: skip
