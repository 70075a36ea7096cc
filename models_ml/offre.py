"""The network of a service as people meet it: minutes to the nearest sites, E2SFCA, and their envelopes over the
scenarios."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from models_ml.acces import e2sfca, kieme_plus_proche
from models_ml.contexte import Contexte
from models_ml.deplacements import (
    Lieux,
    chord_to_km,
    nearest_beyond,
    site_places,
    unit_vectors,
    within_km,
)
from models_ml.distancier import METHODE
from models_ml.donnees import Donnees
from models_ml.parametres import load_deplacements
from models_ml.services import Service

KM_DE_PROXIMITE = 10.0
HORIZON_EN_SEUILS = 2.0
"""Minutes are tabled up to twice the service's threshold: E2SFCA's last zone, at the quickest scenario, fits in."""
ZONES_EN_SEUILS = (0.5, 1.0, 1.5)
POIDS_DES_ZONES = (1.0, 0.68, 0.22)
SANS_ROUTE, SANS_POSITION = "aucun site accessible par la route", "position de la commune inconnue"
SANS_LISTE = "aucun lieu connu pour ce service"


@dataclass(frozen=True)
class Acces:
    """Access of n communes to one service: `tableau`, one row a commune; `minutes`, the table (n, m) to the sites."""

    tableau: pd.DataFrame
    minutes: sparse.csr_matrix
    communes: Lieux
    sites: Lieux
    offre: pd.DataFrame
    enveloppes: dict[str, tuple[np.ndarray, np.ndarray]]

    @property
    def temps(self) -> np.ndarray:
        """Minutes to the nearest site, infinite where no road leads to one, NaN only where nothing is known."""
        return np.where(self.tableau.methode == SANS_ROUTE, np.inf, self.tableau.temps_min)


def compute_acces(donnees: Donnees, service: Service, contexte: Contexte) -> Acces:
    """Minutes to the first and second nearest sites, E2SFCA, and their envelopes over the travel scenarios.

    E2SFCA zones are half, one and one and a half times the service's threshold (10, 20, 30 min for France Services).
    Columns: site (index, -1), distance_km, temps_min, temps_2e_min, e2sfca, site_sur_place, methode; NaN when missing.
    """
    p, origins = load_deplacements(), contexte.communes
    communes, sites = donnees.communes, donnees.sites_of(service.code)
    targets = site_places(sites.latitude, sites.longitude, donnees.commune_index(sites.code_commune), origins)
    horizon = HORIZON_EN_SEUILS * service.seuil_min
    minutes = contexte.travel(origins, targets, horizon, contexte.superficie_km2)
    first, time, second, method = _nearest_two(origins, targets, minutes, horizon)
    if contexte.distancier is not None:
        at = np.flatnonzero((first >= 0) & (time <= horizon))
        given = contexte.distancier.look_up(at, targets.commune[first[at]])
        method[at[np.isfinite(given)]] = METHODE
    held = np.bincount(targets.commune[targets.commune >= 0], minlength=len(communes))
    people = communes.population.fillna(0).to_numpy()  # nobody counted there: neither demand nor a result below
    frame = pd.DataFrame({"site": first, "distance_km": _distance(origins, targets, first, p.rayon_terre_km)})
    frame["temps_min"], frame["temps_2e_min"] = time, np.fmax(second, time)
    frame["site_sur_place"], frame["methode"] = (held > 0).astype(float), method
    zones = [z * service.seuil_min for z in ZONES_EN_SEUILS]
    frame["e2sfca"], low, high = _scenarios(people, sites.capacite.to_numpy(), minutes, p.scenarios, zones)
    unknown = communes.population.isna().to_numpy() | np.isin(method, (SANS_POSITION, SANS_LISTE))
    frame.loc[unknown, "e2sfca"] = np.nan
    times = (time * p.scenarios["rapide"], time * p.scenarios["lent"])
    return Acces(frame, minutes, origins, targets, sites, {"temps_min": times, "e2sfca": (low, high)})


def _nearest_two(origins: Lieux, targets: Lieux, minutes: sparse.csr_matrix, horizon: float) -> tuple:
    """Index of the nearest site, minutes to it and to the second, and how each was obtained."""
    p = load_deplacements()
    first, time = kieme_plus_proche(minutes)
    _, second = kieme_plus_proche(minutes, 2)
    method = np.where(first >= 0, "vol d'oiseau × détour", "").astype(object)
    far = np.flatnonzero(np.isnan(second))
    where, beyond = nearest_beyond(origins, targets, far, 2, p)
    alone = np.isnan(time[far])
    time[far[alone]], first[far[alone]] = beyond[alone, 0], where[alone, 0]
    second[far] = np.where(alone, beyond[:, 1], _other(where, beyond, first[far]))
    method[far[alone & (where[:, 0] >= 0)]] = f"vol d'oiseau × détour, au-delà de {horizon:g} min"
    lost = SANS_ROUTE if len(targets) else SANS_LISTE
    method[(first < 0) & np.isin(np.arange(len(origins)), origins.placed)] = lost
    method[method == ""] = SANS_POSITION
    return first, time, second, method


def _other(where, beyond, first) -> np.ndarray:
    """Minutes of the quickest neighbour that is not the site already counted first."""
    return np.where(where[:, 0] == first, beyond[:, 1], beyond[:, 0])


def _distance(origins: Lieux, targets: Lieux, nearest: np.ndarray, radius_km: float) -> np.ndarray:
    """Crow-fly kilometres from each centre to its quickest site; NaN without site or position."""
    known = np.flatnonzero(nearest >= 0)
    here = unit_vectors(origins.latitude[known], origins.longitude[known])
    there = unit_vectors(targets.latitude[nearest[known]], targets.longitude[nearest[known]])
    distance = np.full(len(origins), np.nan)
    distance[known] = chord_to_km(np.linalg.norm(here - there, axis=1), radius_km)
    return distance


def _scenarios(people, supply, minutes, factors, zones) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """E2SFCA at the central scenario, and its lowest and highest values over all of them."""
    results = {}
    for name, f in factors.items():
        scaled = sparse.csr_matrix((minutes.data * f, minutes.indices, minutes.indptr), minutes.shape)
        results[name] = e2sfca(people, supply, scaled, zones, POIDS_DES_ZONES)
    table = np.vstack(list(results.values()))
    return results["central"], table.min(axis=0), table.max(axis=0)


def people_beyond(donnees: Donnees, acces: Acces, service: Service) -> pd.DataFrame:
    """People whose commune lies beyond the service's two thresholds of every site; with the buses and without.

    For France Services, beyond 10 km too. Communes without position or population are left out. Columns modele, jeu,
    mesure, valeur.
    """
    people = donnees.communes.population.to_numpy()
    known = np.isfinite(people) & ~np.isin(acces.tableau.methode, (SANS_POSITION, SANS_LISTE))
    trips = acces.minutes.tocoo()
    fixed = (acces.offre.format != "bus").to_numpy()
    games = {"acces_avec_bus": np.ones(len(fixed), bool), "acces_sans_bus": fixed}
    rows = []
    for name, open_sites in games.items() if not fixed.all() else (("acces", games["acces_avec_bus"]),):
        pairs = {
            f"{m:g}_min": trips.row[(trips.data <= m) & open_sites[trips.col]]
            for m in (service.seuil_min, service.seuil_alerte_min)
        }
        if service.code == "france_services":
            radius = load_deplacements().rayon_terre_km
            i, j, _ = within_km(acces.communes, acces.sites, KM_DE_PROXIMITE, radius)
            pairs[f"{KM_DE_PROXIMITE:g}_km"] = i[open_sites[j]]
        for measure, served in pairs.items():
            beyond = known & ~np.isin(np.arange(len(people)), served)
            rows.append(("reseau", name, f"population_au_dela_{measure}", float(people[beyond].sum())))
    return pd.DataFrame(rows, columns=["modele", "jeu", "mesure", "valeur"])
