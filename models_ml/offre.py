"""The network as people meet it: minutes to the nearest sites, E2SFCA, and their envelopes over the scenarios."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from models_ml.acces import e2sfca, kieme_plus_proche
from models_ml.deplacements import (
    Lieux,
    chord_to_km,
    commune_places,
    nearest_beyond,
    site_places,
    travel_table,
    unit_vectors,
    within_km,
)
from models_ml.donnees import Donnees
from models_ml.parametres import Service, load_deplacements

MINUTES_DE_PROXIMITE = (20, 30)
KM_DE_PROXIMITE = 10.0


@dataclass(frozen=True)
class Acces:
    """Access of n communes to one service: `tableau`, one row a commune; `minutes`, the table (n, m) to the sites."""

    tableau: pd.DataFrame
    minutes: sparse.csr_matrix
    communes: Lieux
    sites: Lieux
    enveloppes: dict[str, tuple[np.ndarray, np.ndarray]]


def site_capacity(sites: pd.DataFrame, service: Service) -> np.ndarray:
    """Declared capacity of each site: a bus counts as such, else by main site or branch."""
    kind = np.where(sites.format == "bus", "bus", sites.type_site)
    return pd.Series(kind).map(service.capacites).to_numpy(float)


def compute_acces(donnees: Donnees, service: Service) -> Acces:
    """Minutes to the first and second nearest sites, E2SFCA, and their envelopes over the travel scenarios.

    Columns: site (index, -1), distance_km, temps_min, temps_2e_min, e2sfca, site_sur_place, methode; NaN when missing.
    """
    p = load_deplacements()
    communes, sites = donnees.communes, donnees.sites
    area = communes.superficie_km2.to_numpy()
    origins = commune_places(communes, p)
    targets = site_places(sites.latitude, sites.longitude, donnees.commune_index(sites.code_commune), origins)
    minutes = travel_table(origins, targets, p.horizon_min, area, p)
    first, time = kieme_plus_proche(minutes)
    _, second = kieme_plus_proche(minutes, 2)
    method = np.where(first >= 0, "vol d'oiseau × détour", "").astype(object)
    far = np.flatnonzero(np.isnan(second))
    where, beyond = nearest_beyond(origins, targets, far, 2, p)
    alone = np.isnan(time[far])
    time[far[alone]], first[far[alone]] = beyond[alone, 0], where[alone, 0]
    second[far] = np.where(alone, beyond[:, 1], _other(where, beyond, first[far]))
    method[far[alone & (where[:, 0] >= 0)]] = f"vol d'oiseau × détour, au-delà de {p.horizon_min:g} min"
    method[(first < 0) & np.isin(np.arange(len(origins)), origins.placed)] = "aucun site accessible par la route"
    method[method == ""] = "position de la commune inconnue"
    held = np.bincount(targets.commune[targets.commune >= 0], minlength=len(communes))
    supply = site_capacity(sites, service)
    people = communes.population.fillna(0).to_numpy()  # nobody counted there: neither demand nor a result below
    frame = pd.DataFrame({"site": first, "distance_km": _distance(origins, targets, first, p.rayon_terre_km)})
    frame["temps_min"], frame["temps_2e_min"] = time, np.fmax(second, time)
    frame["site_sur_place"], frame["methode"] = (held > 0).astype(float), method
    frame["e2sfca"], low, high = _scenarios(people, supply, minutes, p.scenarios)
    unknown = communes.population.isna().to_numpy() | (method == "position de la commune inconnue")
    frame.loc[unknown, "e2sfca"] = np.nan
    times = (time * p.scenarios["rapide"], time * p.scenarios["lent"])
    return Acces(frame, minutes, origins, targets, {"temps_min": times, "e2sfca": (low, high)})


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


def _scenarios(people, supply, minutes, factors) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """E2SFCA at the central scenario, and its lowest and highest values over all of them."""
    results = {
        name: e2sfca(
            people, supply, sparse.csr_matrix((minutes.data * f, minutes.indices, minutes.indptr), minutes.shape)
        )
        for name, f in factors.items()
    }
    table = np.vstack(list(results.values()))
    return results["central"], table.min(axis=0), table.max(axis=0)


def nearest_minutes(
    donnees: Donnees, origins: Lieux, natures: list[str], max_minutes: float
) -> tuple[np.ndarray, np.ndarray]:
    """Quickest place of the given kinds: index in donnees.lieux (-1) and minutes (NaN beyond max_minutes)."""
    chosen = np.flatnonzero(donnees.lieux.nature.isin(natures).to_numpy())
    places = donnees.lieux.iloc[chosen]
    targets = site_places(places.latitude, places.longitude, donnees.commune_index(places.code_commune), origins)
    area = donnees.communes.superficie_km2.to_numpy()
    where, minutes = kieme_plus_proche(travel_table(origins, targets, max_minutes, area))
    return np.where(where >= 0, chosen[where], -1) if len(chosen) else where, minutes


def people_beyond(donnees: Donnees, acces: Acces) -> pd.DataFrame:
    """People whose commune lies beyond 20 and 30 minutes, and beyond 10 km, of every site; with the buses and without.

    Communes without position or population are left out. Columns modele, jeu, mesure, valeur.
    """
    people = donnees.communes.population.to_numpy()
    known = np.isfinite(people) & (acces.tableau.methode != "position de la commune inconnue").to_numpy()
    i, j, _ = within_km(acces.communes, acces.sites, KM_DE_PROXIMITE, load_deplacements().rayon_terre_km)
    trips = acces.minutes.tocoo()
    fixed = (donnees.sites.format != "bus").to_numpy()
    rows = []
    for name, open_sites in (("acces_avec_bus", np.ones(len(fixed), bool)), ("acces_sans_bus", fixed)):
        pairs = {f"{m}_min": trips.row[(trips.data <= m) & open_sites[trips.col]] for m in MINUTES_DE_PROXIMITE}
        pairs[f"{KM_DE_PROXIMITE:g}_km"] = i[open_sites[j]]
        for measure, served in pairs.items():
            beyond = known & ~np.isin(np.arange(len(people)), served)
            rows.append(("reseau", name, f"population_au_dela_{measure}", float(people[beyond].sum())))
    return pd.DataFrame(rows, columns=["modele", "jeu", "mesure", "valeur"])
