"""What the components say twice, and how the index stands to the published one."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
from scipy.stats import pearsonr, rankdata

IFN = {
    "score_total": "IFN publié : total",
    "score_thd": "IFN publié : absence de très haut débit",
    "score_4g": "IFN publié : absence de 4G",
    "score_pauvrete": "IFN publié : pauvreté",
    "score_65_ans": "IFN publié : 65 ans et plus",
    "score_diplome": "IFN publié : peu ou pas diplômés",
}


def correlate(columns: dict[str, np.ndarray], double: float, retained: tuple[str, ...]) -> pl.DataFrame:
    """Pearson and Spearman of every pair, on the communes that have both.

    `est_double_compte` is said only of two components of our index.
    """
    rows = []
    for a, b in combinations(columns, 2):
        both = ~np.isnan(columns[a]) & ~np.isnan(columns[b])
        left, right = columns[a][both], columns[b][both]
        if both.sum() < 10 or np.ptp(left) == 0 or np.ptp(right) == 0:
            continue
        pearson = float(pearsonr(left, right).statistic)
        spearman = float(pearsonr(rankdata(left), rankdata(right)).statistic)
        inside = a in retained and b in retained
        rows.append(
            {
                "variable_a": a,
                "variable_b": b,
                "pearson": pearson,
                "spearman": spearman,
                "nb_communes": int(both.sum()),
                "est_double_compte": inside and max(abs(pearson), abs(spearman)) > double,
            }
        )
    return pl.DataFrame(rows)


def inflation(values: np.ndarray) -> np.ndarray:
    """(C,) variance inflation factor of each component, on the communes that have them all; NaN if unknown."""
    whole = values[~np.isnan(values).any(axis=1)]
    if values.shape[1] < 2 or len(whole) <= values.shape[1]:
        return np.full(values.shape[1], np.nan)
    matrix = np.corrcoef(whole, rowvar=False)
    if not np.isfinite(matrix).all() or np.linalg.cond(matrix) > 1e10:
        return np.full(values.shape[1], np.nan)
    return np.diag(np.linalg.inv(matrix))
