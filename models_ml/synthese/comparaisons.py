"""Rank and quantile of every territory for every indicator: among its peers, and in France at its level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models_ml.synthese.pairs import Pairs
from models_ml.synthese.parametres import Parametres
from models_ml.synthese.tableau import Tableau


@dataclass(frozen=True)
class Comparaisons:
    """Each (T, I), NaN where the territory is not ranked. Rank 1 is the best; a quantile of 1 too.

    Attributes:
        quantile_*: share of the others that do worse, ties counted for half; 0.5 is the middle.
        mediane_pairs: median of the peers observed, the territory excluded.
    """

    rang_pairs: np.ndarray
    nb_pairs: np.ndarray
    quantile_pairs: np.ndarray
    mediane_pairs: np.ndarray
    rang_france: np.ndarray
    nb_france: np.ndarray
    quantile_france: np.ndarray


def compare(tableau: Tableau, pairs: Pairs, choix: Parametres) -> Comparaisons:
    """Compare on the values of reference only; a territory observed too little is not ranked."""
    values = tableau.classables(choix.comparaisons.couverture_minimale_pct) * tableau.sens
    among = [
        _among_peers(values[:, i], pairs.voisins, choix.comparaisons.pairs_observes_minimum)
        for i in range(values.shape[1])
    ]
    rank, number, quantile, median = (np.column_stack(part) for part in zip(*among, strict=True))
    france = np.full((3, *values.shape), np.nan)
    for level in np.unique(tableau.niveaux):
        rows = np.flatnonzero(tableau.niveaux == level)
        pool = np.flatnonzero(tableau.niveaux == choix.pairs.vivier.get(level, level))
        for i in range(values.shape[1]):
            france[:, rows, i] = _in_france(values[rows, i], values[pool, i], own=level not in choix.pairs.vivier)
    return Comparaisons(rank, number, quantile, median * tableau.sens, *france)


def _among_peers(values: np.ndarray, neighbours: np.ndarray, minimum: int) -> tuple[np.ndarray, ...]:
    """Rank, number of peers observed, quantile and median of the peers, (T,) each; higher is better in `values`."""
    theirs = np.where(neighbours >= 0, values[neighbours], np.nan)
    number = (~np.isnan(theirs)).sum(axis=1).astype(float)
    with np.errstate(invalid="ignore"):
        better = (theirs > values[:, None]).sum(axis=1)
        equal = (theirs == values[:, None]).sum(axis=1)
        quantile = 1 - (better + equal / 2) / np.where(number > 0, number, np.nan)
    ranked = ~np.isnan(values) & (number >= minimum)
    ordered = np.sort(theirs, axis=1)  # NaN last
    count = number.astype(int)
    low, high = np.maximum((count - 1) // 2, 0), np.minimum(count // 2, theirs.shape[1] - 1)
    line = np.arange(len(values))
    median = (ordered[line, low] + ordered[line, high]) / 2
    return tuple(np.where(ranked, part, np.nan) for part in (better + 1, number, quantile, median))


def _in_france(values: np.ndarray, pool: np.ndarray, *, own: bool) -> np.ndarray:
    """(3, n): rank, number compared (itself included) and quantile against the level's whole pool."""
    out = np.full((3, len(values)), np.nan)
    known, ordered = ~np.isnan(values), np.sort(pool[~np.isnan(pool)])
    if not known.any() or not len(ordered):
        return out
    better = len(ordered) - np.searchsorted(ordered, values[known], side="right")
    worse = np.searchsorted(ordered, values[known], side="left")
    equal = len(ordered) - better - worse - (1 if own else 0)
    others = len(ordered) - (1 if own else 0)
    out[0, known], out[1, known] = better + 1, others + 1
    if others:
        out[2, known] = (worse + equal / 2) / others
    return out


def median_of_peers(values: np.ndarray, neighbours: np.ndarray, minimum: int) -> np.ndarray:
    """(T,) median of the peers' values; NaN with fewer than `minimum` of them, or where the own value is unknown."""
    return _among_peers(values, neighbours, minimum)[3]
