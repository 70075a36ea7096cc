"""What was known of each commune on a given day: the features of the similarity model, nothing of the future."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from models_ml.deplacements import Lieux, chord_to_km, commune_places, site_places, unit_vectors, within_km
from models_ml.donnees import Donnees
from models_ml.histoire import NATURES, Passe
from models_ml.parametres import load_deplacements

# +1: more of it never lowers the likeness, -1: never raises it, 0: free. Order is that of the columns.
MONOTONIE = {
    "population_log": 1,
    "part_epci": 1,
    "rang_epci": 0,
    "population_10_km_log": 0,
    "non_couverts_10_km_log": 1,
    "densite_log": 0,
    "distance_site_km": 1,
    "sites_epci": 0,
    "habitants_par_site_epci_log": 0,
    "communes_epci": 0,
    "plus_grande_a_10_km": 0,
    "msap": 1,
    "msap_epci": 0,
    "msap_km": 0,
    "msap_sans_site_km": 0,
    "sites_a_10_km": 0,
    "rang_bassin_vie": 0,
    "sites_bassin_vie": 0,
    "habitants_par_site_departement_log": 0,
    "variete": 0,
    "variete_relative_10_km": 0,
    "plus_variees_a_10_km": 0,
    "rang_variete_epci": 0,
    **{f"nb_{nature}_log": 0 for nature in NATURES if nature != "msap"},
}
# These follow the network: they move as it grows, whatever the communes become.
EVOLUTIVES = frozenset(
    {
        "non_couverts_10_km_log", "distance_site_km", "sites_epci", "habitants_par_site_epci_log", "msap_sans_site_km",
        "sites_a_10_km", "sites_bassin_vie", "habitants_par_site_departement_log", "rang_variete_epci",
    }
)  # fmt: skip
LIBELLES = {
    "population_log": "population de la commune (log), dernier millésime connu à la date",
    "part_epci": "part de la commune dans la population de son EPCI",
    "rang_epci": "rang de la commune dans son EPCI, par la population",
    "population_10_km_log": "population à 10 km à la ronde (log)",
    "non_couverts_10_km_log": "population à 10 km à la ronde, elle-même à plus de 10 km d'un site (log)",
    "densite_log": "habitants par km² (log)",
    "distance_site_km": "distance au site le plus proche ouvert à la date (km, au plus 100)",
    "sites_epci": "sites ouverts dans l'EPCI à la date",
    "habitants_par_site_epci_log": "habitants de l'EPCI par site ouvert plus un (log)",
    "communes_epci": "nombre de communes de l'EPCI",
    "plus_grande_a_10_km": "rapport de la population à celle de la plus grande commune à 10 km",
    "msap": "maison de services au public en 2018",
    "msap_epci": "maisons de services au public de l'EPCI en 2018",
    "msap_km": "distance à la maison de services au public la plus proche (km, au plus 100)",
    "msap_sans_site_km": "distance à la plus proche commune à maison de services au public et sans site",
    "sites_a_10_km": "sites ouverts à la date à 10 km à la ronde",
    "rang_bassin_vie": "rang de la commune dans son bassin de vie, par la population",
    "sites_bassin_vie": "sites ouverts à la date dans le bassin de vie",
    "habitants_par_site_departement_log": "habitants du département par site ouvert plus un (log)",
    "variete": "variété d'équipements de la commune (natures présentes)",
    "variete_relative_10_km": "variété rapportée à la plus grande à 10 km",
    "plus_variees_a_10_km": "communes plus variées à 10 km à la ronde",
    "rang_variete_epci": "rang de la commune par sa variété parmi celles de l'EPCI sans site",
    **{f"nb_{nature}_log": f"{label} : nombre (log)" for nature, label in NATURES.items() if nature != "msap"},
}
# A census population of year y is published, and in force, on 1 January of y + 3.
RETARD_POPULATION_ANS = 3
FAR_KM = 100.0


def known_population(donnees: Donnees, day: date) -> tuple[np.ndarray, str]:
    """Latest population in force on `day`, (n,) with NaN where missing, and its millésime.

    The oldest one is used, and named, when none was in force yet.
    """
    populations = donnees.populations
    years = sorted(populations.millesime.unique())
    usable = [y for y in years if int(y[:4]) + RETARD_POPULATION_ANS <= day.year] or years[:1]
    chosen = populations[populations.millesime == usable[-1]]
    index = donnees.commune_index(chosen.code_commune)
    values = np.full(len(donnees.communes), np.nan)
    values[index[index >= 0]] = chosen.population_municipale.to_numpy()[index >= 0]
    return values, usable[-1]


@dataclass(frozen=True)
class Voisinage:
    """Pairs of communes at most `rayon_km` apart (arrays of indices), their centres and the sites' positions."""

    paires: tuple[np.ndarray, np.ndarray]
    communes: Lieux
    sites: Lieux
    rayon_km: float
    rayon_terre_km: float

    @property
    def n(self) -> int:
        return len(self.communes)

    @classmethod
    def build(cls, donnees: Donnees, radius_km: float) -> Voisinage:
        p = load_deplacements()
        places = commune_places(donnees.communes, p)
        sites = donnees.sites
        targets = site_places(sites.latitude, sites.longitude, donnees.commune_index(sites.code_commune), places)
        i, j, _ = within_km(places, places, radius_km, p.rayon_terre_km)
        return cls((i, j), places, targets, radius_km, p.rayon_terre_km)

    def sum_around(self, values: np.ndarray) -> np.ndarray:
        i, j = self.paires
        return np.bincount(i, weights=np.nan_to_num(values)[j], minlength=self.n)

    def largest_around(self, values: np.ndarray) -> np.ndarray:
        largest = np.zeros(self.n)
        np.maximum.at(largest, self.paires[0], np.nan_to_num(values)[self.paires[1]])
        return largest

    def site_distance(self, open_sites: np.ndarray) -> np.ndarray:
        """Crow-fly kilometres to the nearest open site, 100 where none is nearer; open_sites: bool (m,)."""
        return self._nearest(self.sites, open_sites)

    def commune_distance(self, chosen: np.ndarray) -> np.ndarray:
        """The same to the nearest commune of `chosen`, bool (n,)."""
        return self._nearest(self.communes, chosen)

    def _nearest(self, places: Lieux, chosen: np.ndarray) -> np.ndarray:
        distance = np.full(self.n, FAR_KM)
        here, there = self.communes.placed, np.intersect1d(places.placed, np.flatnonzero(chosen))
        if len(there) and len(here):
            tree = cKDTree(unit_vectors(places.latitude[there], places.longitude[there]))
            chord, _ = tree.query(unit_vectors(self.communes.latitude[here], self.communes.longitude[here]))
            distance[here] = np.minimum(chord_to_km(chord, self.rayon_terre_km), FAR_KM)
        return distance


def build_attributs(donnees: Donnees, around: Voisinage, day: date) -> pd.DataFrame:
    """Features of each commune as known on `day`, columns of MONOTONIE; NaN when unknown then."""
    communes, when = donnees.communes, pd.Timestamp(day)
    population, _ = known_population(donnees, day)
    opened = (donnees.sites.date_ouverture < when).to_numpy()
    distance = around.site_distance(opened)
    epci = pd.Series(communes.siren_epci.fillna(communes.code_commune))
    people = pd.Series(population)
    total = people.groupby(epci).transform("sum").to_numpy()
    where = donnees.commune_index(donnees.sites.code_commune[opened])
    held = np.bincount(where[where >= 0], minlength=len(communes))
    sites_epci = pd.Series(held).groupby(epci).transform("sum").to_numpy()
    largest = around.largest_around(population)
    frame = {
        "population_log": np.log1p(population),
        "part_epci": np.divide(population, total, out=np.full(len(total), np.nan), where=total > 0),
        "rang_epci": people.groupby(epci).rank(ascending=False, method="min").to_numpy(),
        "population_10_km_log": np.log1p(around.sum_around(population)),
        "non_couverts_10_km_log": np.log1p(around.sum_around(np.where(distance > around.rayon_km, population, 0))),
        "densite_log": np.log1p(population / communes.superficie_km2.where(communes.superficie_km2 > 0).to_numpy()),
        "distance_site_km": np.where(np.isfinite(around.communes.latitude), distance, np.nan),
        "sites_epci": sites_epci.astype(float),
        "habitants_par_site_epci_log": np.log1p(total / (sites_epci + 1)),
        "communes_epci": people.groupby(epci).transform("size").to_numpy(float),
        "plus_grande_a_10_km": np.divide(population, largest, out=np.full(len(largest), np.nan), where=largest > 0),
    }
    frame.update(_past_features(donnees, around, day, population, held))
    return pd.DataFrame({name: frame[name] for name in MONOTONIE})


def _past_features(donnees: Donnees, around: Voisinage, day: date, population: np.ndarray, held: np.ndarray) -> dict:
    """Features from what stood in each commune before `day`; NaN where it was not described yet."""
    communes, n = donnees.communes, around.n
    past = Passe.build(donnees.histoire, donnees.commune_index, n, day)
    houses, variety, people = past.nombres["msap"], past.variete, pd.Series(np.nan_to_num(population))
    described = np.isfinite(houses).all()
    epci = pd.Series(communes.siren_epci.fillna(communes.code_commune))
    basin = pd.Series(communes.code_bassin_vie.fillna(communes.code_commune))
    department, sites = pd.Series(communes.code_departement.fillna("")), pd.Series(held)
    spread = variety + np.nan_to_num(np.log1p(population)) / 100  # the larger commune first among equals
    i, j = around.paires
    largest = around.largest_around(spread)
    free = pd.Series(np.where(held > 0, -1.0, spread))
    frame = {
        "msap": np.where(np.isnan(houses), np.nan, houses > 0),
        "msap_epci": pd.Series(houses).groupby(epci).transform("sum", min_count=1).to_numpy(),
        "msap_km": around.commune_distance(houses > 0) if described else np.full(n, np.nan),
        "msap_sans_site_km": around.commune_distance((houses > 0) & (held == 0)) if described else np.full(n, np.nan),
        "sites_a_10_km": around.sum_around(held),
        "rang_bassin_vie": people.groupby(basin).rank(ascending=False, method="min").to_numpy(),
        "sites_bassin_vie": sites.groupby(basin).transform("sum").to_numpy(float),
        "habitants_par_site_departement_log": np.log1p(
            people.groupby(department).transform("sum") / (1 + sites.groupby(department).transform("sum"))
        ).to_numpy(),
        "variete": variety,
        "variete_relative_10_km": np.divide(spread, largest, out=np.full(n, np.nan), where=largest > 0),
        "plus_variees_a_10_km": np.where(
            np.isnan(variety), np.nan, np.bincount(i, weights=spread[j] > spread[i], minlength=n)
        ),
        "rang_variete_epci": free.groupby(epci).rank(ascending=False, method="min").to_numpy(),
    }
    return frame | {f"nb_{name}_log": np.log1p(past.nombres[name]) for name in NATURES if name != "msap"}


def openings(donnees: Donnees, first: date, last: date) -> tuple[np.ndarray, np.ndarray]:
    """Communes without a site on `first`, and those among them that opened one by `last`; two bool arrays (n,)."""
    index = donnees.commune_index(donnees.sites.code_commune)
    when = donnees.sites.date_ouverture.to_numpy()
    n = len(donnees.communes)
    before = np.zeros(n, bool)
    before[index[(index >= 0) & (when < np.datetime64(first))]] = True
    during = np.zeros(n, bool)
    inside = (when >= np.datetime64(first)) & (when <= np.datetime64(last))
    during[index[(index >= 0) & inside]] = True
    return ~before, during & ~before
