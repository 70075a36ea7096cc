"""Benchmarks, both sides measured in one run: `make bench` reads their results."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sqlalchemy.exc import SQLAlchemyError

from models_ml.deplacements import Lieux
from pilotage.errors import ErreurPilotage

RAYON_TERRE_KM = 6371.0088
GRAPPES = 300


@dataclass(frozen=True)
class Banc:
    """One comparison: medians in seconds, their ratio (reference over ours), the greatest relative difference of the
    results, and what was measured."""

    nom: str
    reference: str
    reference_s: float
    notre_s: float
    rapport: float
    ecart_relatif: float
    detail: str


def load_places() -> tuple[Lieux, Lieux, np.ndarray, str]:
    """Communes, sites and populations of the visible generation; without one, a drawn country of the same size."""
    from models_ml.deplacements import commune_places, site_places
    from models_ml.lecture import load_donnees

    try:
        donnees = load_donnees()
    except (ErreurPilotage, SQLAlchemyError, OSError):
        return (*draw_country(), "pays tiré au sort, faute d'entrepôt")
    communes = commune_places(donnees.communes)
    sites = donnees.sites
    targets = site_places(sites.latitude, sites.longitude, donnees.commune_index(sites.code_commune), communes)
    people = np.nan_to_num(donnees.communes.population.to_numpy())
    return communes, targets, people, "données simulées" if donnees.est_simulee else "données réelles"


def draw_country(n: int = 35_000, m: int = 2_726, seed: int = 2026) -> tuple[Lieux, Lieux, np.ndarray]:
    """n communes in clusters over mainland France's box, m of them with a site, log-normal populations."""
    rng = np.random.default_rng(seed)
    centre = rng.integers(0, GRAPPES, n)
    middle = np.column_stack([rng.uniform(42.5, 51, GRAPPES), rng.uniform(-4, 8, GRAPPES)])
    position = middle[centre] + rng.normal(0, 0.25, (n, 2))
    people = np.round(rng.lognormal(6.2, 1.3, n))
    held = np.sort(rng.choice(n, m, replace=False, p=people / people.sum()))

    def places(rows: np.ndarray) -> Lieux:
        speed, land = np.full(len(rows), 50.0), np.zeros(len(rows), int)
        return Lieux(position[rows, 0], position[rows, 1], speed, rows, land)

    return places(np.arange(n)), places(held), people


def median_seconds(action: Callable[[], object], times: int) -> tuple[float, object]:
    """Median wall time of `times` calls, and the last result."""
    seconds, result = [], None
    for _ in range(times):
        start = time.perf_counter()
        result = action()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), result
