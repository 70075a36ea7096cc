"""What every service shares: the communes as places, and how far hosts and mediators are. Computed once a run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models_ml.deplacements import Lieux, commune_places, site_places, travel_table
from models_ml.donnees import Donnees
from models_ml.parametres import load_decision, load_deplacements

MARGE = 1.5
"""A measure moves with the Monte Carlo draws: minutes are looked for up to this many times their threshold."""


@dataclass(frozen=True)
class Contexte:
    """communes: their centres (n); superficie_km2 (n,); temps_natures: minutes (n,) to the quickest place of each
    nature of host or mediator, infinite beyond reach."""

    communes: Lieux
    superficie_km2: np.ndarray
    temps_natures: dict[str, np.ndarray]

    @classmethod
    def build(cls, donnees: Donnees) -> Contexte:
        """Times to every nature that the decision table names."""
        p, area = load_decision(), donnees.communes.superficie_km2.to_numpy()
        origins = commune_places(donnees.communes, load_deplacements())
        reach = MARGE * max(p.conditions[c].seuil for c in ("mediateur_a_portee", "hote_a_portee"))
        natures = dict.fromkeys([*p.mediateurs, *p.hotes])
        return cls(origins, area, {n: _quickest(donnees, origins, n, reach, area) for n in natures})

    def quickest(self, natures: list[str]) -> np.ndarray:
        """Minutes to the quickest place of any of `natures`, (n,), infinite when there is none within reach."""
        return np.min([self.temps_natures[n] for n in natures] or [np.full(len(self.communes), np.inf)], axis=0)


def _quickest(donnees: Donnees, origins: Lieux, nature: str, reach: float, area: np.ndarray) -> np.ndarray:
    places = donnees.places_of(nature)
    targets = site_places(places.latitude, places.longitude, donnees.commune_index(places.code_commune), origins)
    minutes = travel_table(origins, targets, reach, area)
    return row_minima(minutes)


def row_minima(minutes) -> np.ndarray:
    """Smallest stored value of each row of a csr table, infinite for an empty row."""
    filled = np.flatnonzero(np.diff(minutes.indptr))
    least = np.full(minutes.shape[0], np.inf)
    if len(filled):
        least[filled] = np.minimum.reduceat(minutes.data, minutes.indptr[filled])
    return least
