"""Sources never seen on a real file: the observatory of démarches, beta.gouv.fr, carpooling places."""

from __future__ import annotations

import json

import numpy as np

from pilotage.simulation.ecriture import Depot, minimal
from pilotage.simulation.histoire import Histoire
from pilotage.simulation.territoire import Territoire

ENTETE_DEMARCHES = (
    "id;title;ministere;administration;volume;online;satisfaction;handicap;dlnuf;usage;simplicity;help_reachable;uptime;"
    "performance;auth"
)
ENTETE_BNLC = (
    "id_lieu,id_local,nom_lieu,ad_lieu,com_lieu,insee,type,date_maj,ouvert,source,Xlong,Ylat,nbre_pl,nbre_pmr,duree,"
    "horaires,proprio,lumiere,comm,dataset_id,resource_id"
)
LIEUX = ("Aire de covoiturage", "Parking", "Supermarché", "Délaissé routier", "Parking relais", "Sortie d'autoroute")
PHASES = ("investigation", "construction", "acceleration", "transfer", "success")


def write(t: Territoire, h: Histoire, depot: Depot) -> None:
    _write_demarches(t, depot)
    _write_startups(t, depot)
    _write_covoiturage(t, h, depot)


def _write_demarches(t: Territoire, depot: Depot) -> None:
    rng, rangees = t.tirage("demarches"), []
    for k in range(250):
        volume = int(rng.lognormal(11, 1.8))
        en_ligne = ("Oui", "Partiel", "Non")[int(rng.choice(3, p=(0.8, 0.12, 0.08)))]
        usage = int(volume * rng.uniform(0.2, 0.95)) if en_ligne != "Non" else 0
        note = f"{np.clip(rng.normal(7.4, 1.2), 2, 9.8):.1f}" if usage and rng.random() < 0.85 else ""
        rangees.append((
            str(k + 1), f"Démarche simulée n° {k + 1}", f"Ministère simulé {k % 12 + 1}",
            f"Administration {k % 40 + 1}", str(volume), en_ligne, note, f"{rng.uniform(40, 100):.0f}",
            ("Oui", "Partiel", "Non")[k % 3], str(usage),
            f"{np.clip(rng.normal(7.6, 1), 2, 10):.1f}", "Oui" if k % 4 else "Non", f"{rng.uniform(97, 100):.2f}",
            str(int(rng.uniform(300, 3_000))), ("Oui", "Non", "Non applicable")[k % 3],
        ))  # fmt: skip
    colonnes = [minimal(c, ";") for c in zip(*rangees, strict=True)]
    fichier = "observatoire-demarches.csv"
    depot.csv("dinum__demarches", "2025-04", fichier, ENTETE_DEMARCHES, colonnes, separateur=";")


def _write_startups(t: Territoire, depot: Depot) -> None:
    """An object {data: […]} with nested attributes, as the interface answers."""
    rng, services = t.tirage("startups"), []
    for k in range(240):
        an, rang = int(rng.integers(2014, 2024)), int(rng.integers(1, len(PHASES) + 1))
        noms_phases = list(PHASES[:rang]) + (["alumni"] if rng.random() < 0.3 else [])
        phases = [
            {"name": nom, "start": f"{an + q}-03-01T00:00:00.000Z", "end": f"{an + q + 1}-03-01T00:00:00.000Z"}
            for q, nom in enumerate(noms_phases)
            if an + q <= 2025
        ]
        attributs = {
            "name": f"Service simulé {k + 1}", "pitch": "Un service public numérique inventé", "link": "https://example.org",
            "contact": f"contact{k + 1}@example.org", "repository": "", "stats_url": "", "events": [],
            "content_url_encoded_markdown": "",
            "accessibility_status": ("non conforme", "partiellement conforme")[k % 2],
            "phases": phases, "sponsors": [f"/organisations/simulee-{k % 9}"], "thematiques": [],
        }  # fmt: skip
        incubateur = {"incubator": {"data": {"type": "incubator", "id": f"incubateur-simule-{k % 11}"}}}
        ligne = {"id": f"service-simule-{k + 1}", "type": "startup", "attributes": attributs}
        services.append(ligne | {"relationships": incubateur})
    contenu = json.dumps({"version": "v2.6", "data": services}, ensure_ascii=False, indent=1).encode() + b"\n"
    depot.octets("betagouv__startups", "2025-04", "startups.json", contenu, separator="json", rows=str(len(services)))


def _write_covoiturage(t: Territoire, h: Histoire, depot: Depot) -> None:
    rng, etat = t.tirage("covoiturage"), h.etats["2025"]
    poids = np.where(t.population > 0, t.population, 0) ** 0.4
    villages = rng.choice(len(t), size=t.nombre(7_500, 20), p=poids / poids.sum())
    rangs: dict[str, int] = {}
    rangees = []
    for k, village in enumerate(villages.tolist()):
        code = str(t.code[etat.parent[village]])
        rangs[code] = rangs.get(code, 0) + 1
        lon, lat = t.lon[village] + rng.normal(0, 0.01), t.lat[village] + rng.normal(0, 0.01)
        rangees.append((
            f"{code}-C-{rangs[code]:03d}", f"L{k + 1}", f"Lieu simulé {k + 1}",
            "", t.nom[village], code,
            LIEUX[int(rng.integers(len(LIEUX)))], f"2024-{1 + k % 12:02d}-15",
            "true" if rng.random() < 0.96 else "false",
            "", f"{lon:.6f}", f"{lat:.6f}", str(int(rng.integers(4, 80))) if rng.random() < 0.8 else "", "", "", "", "",
            "", "", "", "",
        ))  # fmt: skip
    colonnes = [minimal(c, ",") for c in zip(*rangees, strict=True)]
    depot.csv("transport__covoiturage", "2025-04", "bnlc.csv", ENTETE_BNLC, colonnes)
