"""What if this place closed? Every open place of a service, one at a time, over the whole country."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models_ml.donnees import Donnees
from models_ml.offre import Acces
from models_ml.services import Service

COLONNES = ("id_offre", "code_commune", "nom", "population_rattachee", "population_au_dela", "minutes_en_plus")


def measure_closures(donnees: Donnees, acces: Acces, service: Service) -> pd.DataFrame:
    """People whom each place serves as their nearest, and whom its closing alone would leave beyond the threshold.

    Exact for one closing: those who lose it go to their second nearest place (temps_2e_min).

    Returns:
        One row a place that is the nearest of somebody, columns COLONNES; a count by commune is no place.
        minutes_en_plus: mean over the people attached of the minutes to their second place less those to this one;
        missing when some have no second place.
    """
    people = np.nan_to_num(donnees.communes.population.to_numpy())
    nearest, first = acces.tableau.site.to_numpy(), acces.temps
    second = acces.tableau.temps_2e_min.to_numpy()
    attached = np.flatnonzero((nearest >= 0) & (people > 0))
    with np.errstate(invalid="ignore"):
        lost = (first[attached] <= service.seuil_min) & ~(second[attached] <= service.seuil_min)
    site, weight, m = nearest[attached], people[attached], len(acces.offre)
    total = np.bincount(site, weight, m)
    beyond = np.bincount(site, weight * lost, m)
    more = np.bincount(site, weight * (second[attached] - first[attached]), m)  # NaN where there is no second place
    named = ~acces.offre.id_site.str.startswith("commune:").to_numpy(bool)
    kept = np.flatnonzero((total > 0) & named)
    offre = acces.offre.iloc[kept]
    return pd.DataFrame(
        {
            "id_offre": offre.id_site.to_numpy(object),
            "code_commune": offre.code_commune.to_numpy(object),
            "nom": offre.nom.to_numpy(object),
            "population_rattachee": total[kept].round().astype("int64"),
            "population_au_dela": beyond[kept].round().astype("int64"),
            "minutes_en_plus": more[kept] / total[kept],
        },
        columns=list(COLONNES),
    )
