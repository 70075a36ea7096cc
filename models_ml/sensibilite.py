"""How much the national result owes to the travel assumptions: `docs/trajets.md`."""

from __future__ import annotations

import numpy as np

from models_ml.contexte import Contexte
from models_ml.donnees import Donnees
from models_ml.mots import nombre
from models_ml.offre import compute_acces
from models_ml.parametres import load_deplacements
from models_ml.services import load_service

DETOURS = (1.1, 1.2, 1.3, 1.4, 1.6)
VITESSES = (0.8, 0.9, 1.0, 1.1, 1.25)
"""Factors on all declared speeds."""


def people_beyond(
    donnees: Donnees, minutes: float, service: str = "france_services"
) -> dict[tuple[float, float], float]:
    """People beyond so many minutes of a site, by detour and factor on the speeds; all minutes scale with their ratio.

    Communes without position or population are left out.
    """
    p = load_deplacements()
    time = compute_acces(donnees, load_service(service), Contexte.of_places(donnees)).temps
    people = np.where(np.isnan(time), 0.0, np.nan_to_num(donnees.communes.population.to_numpy()))
    return {
        (detour, speed): float(people[time * detour / p.detour.valeur / speed > minutes].sum())
        for detour in DETOURS
        for speed in VITESSES
    }


def render(donnees: Donnees) -> str:
    """The page: providers, parameters, and the table at both thresholds."""
    p, service = load_deplacements(), load_service("france_services")
    speeds = ", ".join(f"{level} : {nombre(speed)} km/h" for level, speed in p.vitesses_kmh.items())
    nature = "**Données simulées.** " if donnees.est_simulee else ""
    parts = [
        "# Les temps de trajet\n\n"
        "Page écrite par `python -m models_ml sensibilite` ; ne pas la corriger à la main.\n\n"
        "## D'où ils viennent\n\n"
        f"- **Vol d'oiseau** (par défaut) : distance × {nombre(p.detour.valeur, 1)}, à la vitesse de chaque extrémité "
        f"pour moitié. Vitesses par niveau de densité : {speeds}. {p.raison_vitesses} "
        "Dans une commune : ½·√superficie.\n"
        "- **Distancier** : un CSV de colonnes `code_origine`, `code_destination`, `minutes`, que nomme "
        "`PILOTAGE_DISTANCIER`. Il remplace les temps des couples de communes qu'il donne, dans les deux sens s'il "
        "n'en donne qu'un ; les autres restent estimés, et `methode` (`recommandation.acces`) dit lequel a servi.\n"
        "- **Moteur routier** : `python -m models_ml distancier --osrm <adresse> --territoire 23 --sortie d.csv` "
        "demande ces minutes à un serveur OSRM (API `table`) et écrit ce fichier, sans les couples sans route.\n\n"
        f"{p.raison_scenarios}",
    ]
    for minutes in (service.seuil_min, service.seuil_alerte_min):
        found = people_beyond(donnees, minutes)
        head = ["détour", *(f"vitesses × {nombre(speed, 2)}" for speed in VITESSES)]
        rows = [[nombre(d, 1), *(nombre(found[d, v]) for v in VITESSES)] for d in DETOURS]
        lines = "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])
        parts.append(f"## Habitants à plus de {nombre(minutes)} min d'un France services\n\n{nature}{lines}")
    return "\n\n".join(parts) + "\n"
