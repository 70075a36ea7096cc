"""Charge points for electric vehicles, in the national schema as the consolidation publishes it."""

from __future__ import annotations

import json

import numpy as np

from pilotage.simulation import noms
from pilotage.simulation.ecriture import Depot, decimal, masque, minimal, texte
from pilotage.simulation.histoire import Histoire
from pilotage.simulation.profils import Profils
from pilotage.simulation.territoire import Territoire

COLONNES = noms.mots(
    "nom_amenageur,siren_amenageur,contact_amenageur,nom_operateur,contact_operateur,telephone_operateur,nom_enseigne,"
    "id_station_itinerance,id_station_local,nom_station,implantation_station,adresse_station,code_insee_commune,"
    "coordonneesXY,nbre_pdc,id_pdc_itinerance,id_pdc_local,puissance_nominale,prise_type_ef,prise_type_2,"
    "prise_type_combo_ccs,prise_type_chademo,prise_type_autre,gratuit,paiement_acte,paiement_cb,paiement_autre,"
    "tarification,condition_acces,reservation,horaires,accessibilite_pmr,restriction_gabarit,station_deux_roues,"
    "raccordement,num_pdl,date_mise_en_service,observations,date_maj,cable_t2_attache,last_modified,"
    "datagouv_dataset_id,datagouv_resource_id,datagouv_organization_or_owner,created_at,consolidated_longitude,"
    "consolidated_latitude,consolidated_code_postal,consolidated_commune,consolidated_is_lon_lat_correct,"
    "consolidated_is_code_insee_verified,consolidated_is_code_insee_modified",
    ",",
)
PUISSANCES = np.array([7.4, 22.0, 50.0, 150.0, 300.0])
LIEUX = ("Voirie", "Parking public", "Parking privé à usage public", "Station dédiée à la recharge rapide")


def write(t: Territoire, h: Histoire, p: Profils, depot: Depot) -> None:
    """Stations of one to eight points; a third without the code of their commune; some points twice."""
    etat, rng = h.etats["2025"], t.tirage("bornes")
    population = etat.somme(t.population)
    poids = population * (0.4 + p.urbanite[etat.chefs]) + 20
    stations = rng.choice(len(poids), size=t.nombre(60_000, 30), p=poids / poids.sum())
    points = rng.integers(1, 9, len(stations))
    station = np.repeat(np.arange(len(stations)), points)
    village = etat.chefs[stations][station]
    n, libelles = len(station), etat.libelles()
    x = (t.lon[etat.chefs[stations]] + rng.normal(0, 0.006, len(stations)))[station]
    y = (t.lat[etat.chefs[stations]] + rng.normal(0, 0.006, len(stations)))[station]
    puissance = PUISSANCES[rng.choice(5, size=len(stations), p=(0.2, 0.5, 0.1, 0.12, 0.08))][station]
    ville = [libelles[k] for k in stations[station].tolist()]
    rang = np.arange(n) - np.repeat(np.cumsum(points) - points, points)
    identifiants = [f"FRSIM{s:07d}" for s in station.tolist()]
    lon, lat = decimal(x, 6), decimal(y, 6)
    valeurs = {
        "nom_amenageur": ["Aménageur simulé"] * n, "siren_amenageur": [noms.siren(np.array([7]))[0]] * n,
        "contact_amenageur": ["contact@exemple.fr"] * n, "nom_operateur": ["Opérateur simulé"] * n,
        "nom_enseigne": ["Réseau simulé"] * n, "id_station_itinerance": [f"{i}S" for i in identifiants],
        "nom_station": [f"{v} - station" for v in ville], "adresse_station": [f"1 rue de {v}" for v in ville],
        "implantation_station": [LIEUX[k] for k in (station % 4).tolist()],
        "code_insee_commune": masque(t.code[village].tolist(), (station % 3) > 0),
        "coordonneesXY": [json.dumps([float(a), float(b)]) for a, b in zip(lon, lat, strict=True)],
        "nbre_pdc": texte(points[station]),
        "id_pdc_itinerance": [f"{i}E{k}" for i, k in zip(identifiants, rang.tolist(), strict=True)],
        "puissance_nominale": decimal(puissance, 1), "date_mise_en_service": ["2024-03-01"] * n,
        "date_maj": ["2026-06-01"] * n, "condition_acces": ["Accès libre"] * n, "horaires": ["24/7"] * n,
        "accessibilite_pmr": ["Accessibilité inconnue"] * n,
        "consolidated_longitude": lon, "consolidated_latitude": lat,
        "consolidated_commune": ville, "created_at": ["2024-03-02T00:00:00+00:00"] * n,
    }  # fmt: skip
    oui = {"prise_type_2", "paiement_acte", "consolidated_is_lon_lat_correct", "consolidated_is_code_insee_verified"}
    booleens = {c for c in COLONNES if c.startswith(("prise_", "paiement_", "consolidated_is_"))}
    booleens |= {"gratuit", "reservation", "station_deux_roues", "cable_t2_attache"}
    valeurs |= {c: ["True" if c in oui else "False"] * n for c in booleens}
    colonnes = [minimal(valeurs.get(c, [""] * n), ",") for c in COLONNES]
    colonnes = [[*c, *c[: 1 + n // 200]] for c in colonnes]  # told again by another producer
    depot.csv(
        "datagouv__bornes_recharge", "2026-06-30", "consolidation-irve-statique.csv", ",".join(COLONNES), colonnes
    )  # fmt: skip
