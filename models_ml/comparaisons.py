"""How a commune's access stands beside that of comparable ones, in words."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models_ml.mots import nombre
from models_ml.offre import Acces
from models_ml.services import Service

EFFECTIF_MINIMAL = 5
"""A median of fewer communes than this compares nobody."""


def group_medians(values: np.ndarray, groups: pd.Series) -> np.ndarray:
    """Median of each row's group, (n,), infinite times included; NaN without a group or where it is too small."""
    frame = pd.DataFrame({"value": values, "group": groups.to_numpy()}).dropna()
    grouped = frame.groupby("group").value
    medians = grouped.median()[grouped.size() >= EFFECTIF_MINIMAL]
    return groups.map(medians).to_numpy(float)


def comparison_sentences(communes: pd.DataFrame, acces: Acces, service: Service) -> list[str]:
    """One sentence a commune without a site: its minutes beside the median of the communes of its density level and of
    its département; empty where a site stands, or nothing is known."""
    time = acces.temps
    density = group_medians(time, communes.niveau_densite)
    around = group_medians(time, communes.code_departement)
    told = (acces.tableau.site_sur_place.to_numpy() == 0) & np.isfinite(time)
    sentences = [""] * len(communes)
    for k in np.flatnonzero(told):
        peers = [
            f"{nombre(value)} min {who}"
            for value, who in (
                (density[k], "pour la médiane des communes de même densité"),
                (around[k], "pour celle du département"),
            )
            if np.isfinite(value)
        ]
        if peers:
            sentences[k] = f"Comparaison : {nombre(time[k])} min ici, contre {' et '.join(peers)}."
    return sentences
