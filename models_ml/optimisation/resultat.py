"""What every location model returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Plan:
    """A plan and what is known of it.

    sites: columns opened besides the existing ones, ascending (int array). affectation: site that serves each row
    (int array (n,)), None where the model has none. objectif: value of this plan; borne: no plan does better. ecart:
    |borne - objectif| / |objectif|, never negative. prouve: ecart is within the gap asked for.
    """

    sites: np.ndarray
    affectation: np.ndarray | None
    objectif: float
    borne: float
    ecart: float
    prouve: bool
    duree_s: float
    methode: str
