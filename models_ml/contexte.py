"""What every service shares: the communes as places, and how far hosts and mediators are. Computed once a run."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from models_ml.deplacements import Lieux, commune_places, site_places, travel_table
from models_ml.distancier import Distancier
from models_ml.donnees import Donnees
from models_ml.parametres import load_decision, load_deplacements

MARGE = 1.5
"""A measure moves with the Monte Carlo draws: minutes are looked for up to this many times their threshold."""


@dataclass(frozen=True)
class Contexte:
    """communes: their centres (n); superficie_km2 (n,); temps_natures: minutes (n,) to the quickest place of each
    nature of host or mediator, infinite beyond reach. distancier: times given rather than estimated."""

    communes: Lieux
    superficie_km2: np.ndarray
    temps_natures: dict[str, np.ndarray]
    distancier: Distancier | None = None

    @classmethod
    def of_places(cls, donnees: Donnees) -> Contexte:
        """Without the times to hosts and mediators."""
        area = donnees.communes.superficie_km2.to_numpy()
        given = donnees.distancier
        table = None if given.empty else Distancier.build(given, donnees.commune_index, len(donnees.communes))
        return cls(commune_places(donnees.communes, load_deplacements()), area, {}, table)

    @classmethod
    def build(cls, donnees: Donnees) -> Contexte:
        """Times to every nature that the decision table names."""
        p, bare = load_decision(), cls.of_places(donnees)
        reach = MARGE * max(p.conditions[c].seuil for c in ("mediateur_a_portee", "hote_a_portee"))
        natures = dict.fromkeys([*p.mediateurs, *p.hotes])
        return replace(bare, temps_natures={n: _quickest(donnees, bare, n, reach) for n in natures})

    def travel(self, origins: Lieux, targets: Lieux, max_minutes: float, area: np.ndarray) -> sparse.csr_matrix:
        """Minutes up to `max_minutes`, csr: those of the distancier where it gives them, else estimated.

        Pairs are estimated further than asked for, so that a road quicker than its estimate is not missed.
        """
        if self.distancier is None:
            return travel_table(origins, targets, max_minutes, area)
        wide = travel_table(origins, targets, MARGE * max_minutes, area)
        return self.distancier.replace(wide, origins, targets, max_minutes)

    def quickest(self, natures: list[str]) -> np.ndarray:
        """Minutes to the quickest place of any of `natures`, (n,), infinite when there is none within reach."""
        return np.min([self.temps_natures[n] for n in natures] or [np.full(len(self.communes), np.inf)], axis=0)


def _quickest(donnees: Donnees, contexte: Contexte, nature: str, reach: float) -> np.ndarray:
    places, origins = donnees.places_of(nature), contexte.communes
    targets = site_places(places.latitude, places.longitude, donnees.commune_index(places.code_commune), origins)
    return row_minima(contexte.travel(origins, targets, reach, contexte.superficie_km2))


def row_minima(minutes) -> np.ndarray:
    """Smallest stored value of each row of a csr table, infinite for an empty row."""
    filled = np.flatnonzero(np.diff(minutes.indptr))
    least = np.full(minutes.shape[0], np.inf)
    if len(filled):
        least[filled] = np.minimum.reduceat(minutes.data, minutes.indptr[filled])
    return least
