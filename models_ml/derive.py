"""Drift: do tonight's communes still look like those that the model learned from?"""

from __future__ import annotations

import numpy as np
import pandas as pd

SEUIL_ALERTE = 0.25
"""Population stability index above which a distribution has moved: Siddiqi (2006), Credit Risk Scorecards, ch. 8."""
CLASSES = 10


def stability_index(before: np.ndarray, now: np.ndarray) -> float:
    """Population stability index: Σ (q_k - p_k)·ln(q_k / p_k) over classes of the deciles of `before`, missing apart.

    0 for the same distribution; an empty class counts as half a row.
    """
    edges = np.unique(np.nanquantile(before, np.linspace(0, 1, CLASSES + 1)[1:-1])) if np.isfinite(before).any() else []
    shares = []
    for values in (before, now):
        known = values[~np.isnan(values)]
        counts = np.append(
            np.bincount(np.searchsorted(edges, known, side="right"), minlength=len(edges) + 1), len(values) - len(known)
        )
        shares.append(np.maximum(counts, 0.5) / max(len(values), 1))
    p, q = shares
    return float(np.sum((q - p) * np.log(q / p)))


def watch(before: pd.DataFrame, now: pd.DataFrame, moving: frozenset = frozenset()) -> tuple[list[tuple], list[str]]:
    """Index of each column of two frames: rows of the evaluation table, and a sentence for each that has moved.

    moving: columns that follow the network, and move as it grows; they are measured, and alert nobody.
    """
    found = {name: stability_index(before[name].to_numpy(float), now[name].to_numpy(float)) for name in before}
    rows = [("ressemblance", "derive", name, value) for name, value in found.items()]
    alerts = [
        f"la variable « {name} » de la ressemblance a changé (indice de stabilité {value:.2f}, seuil {SEUIL_ALERTE})"
        for name, value in found.items()
        if value > SEUIL_ALERTE and name not in moving
    ]
    return rows, alerts
