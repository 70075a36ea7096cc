"""The scores of a commune, each with a lower and an upper bound built in the open.

A composite score is the weighted mean of components declared in `parametres/scores.yml`. Its bounds take every observed
component at the ends of its own imprecision, and every missing component at 0, then at 1: what is not known widens the
interval, and never counts as zero need.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models_ml.parametres import Composante, Indice
from models_ml.services import Service


@dataclass(frozen=True)
class Score:
    """Arrays of length n in [0, 1]: valeur (NaN when no component is observed), bas ≤ valeur ≤ haut, and couverture,
    the share of the weights that is observed. manquantes: (n, k) bool, by component of `noms`."""

    valeur: np.ndarray
    bas: np.ndarray
    haut: np.ndarray
    couverture: np.ndarray
    manquantes: np.ndarray
    noms: tuple[str, ...]

    def missing_labels(self, labels: list[str]) -> list[list[str]]:
        """For each row the labels of the components without value."""
        return [[labels[k] for k in np.flatnonzero(row)] for row in self.manquantes]


def normalise(values: np.ndarray, component: Composante) -> np.ndarray:
    """Position between the anchors `zero` and `un`, cut to [0, 1]; NaN stays NaN."""
    return np.clip((values - component.zero) / (component.un - component.zero), 0, 1)


def _column(frame: pd.DataFrame, name: str) -> np.ndarray:
    """A column as floats; one that the warehouse does not have yet is missing everywhere."""
    return frame[name].to_numpy(float) if name in frame else np.full(len(frame), np.nan)


def composite(frame: pd.DataFrame, index: Indice, envelopes: dict[str, tuple] | None = None) -> Score:
    """Composite score of each row of `frame`.

    Args:
        envelopes: for some columns, (lowest, highest) values by scenario instead of value ± imprecision.
    """
    value, low, high, seen = (np.zeros(len(frame)) for _ in range(4))
    missing = []
    for component in index.composantes.values():
        raw = _column(frame, component.colonne)
        if envelopes and component.colonne in envelopes:
            ends = envelopes[component.colonne]
        else:
            ends = (raw - component.imprecision, raw + component.imprecision)
        first, second = (normalise(np.asarray(end, float), component) for end in ends)
        absent = np.isnan(raw)
        value += component.poids * np.where(absent, 0, normalise(raw, component))
        low += component.poids * np.where(absent, 0, np.fmin(first, second))
        high += component.poids * np.where(absent, 1, np.fmax(first, second))
        seen += component.poids * ~absent
        missing.append(absent)
    mean = np.divide(value, seen, out=np.full(len(frame), np.nan), where=seen > 0)
    seen, low, high = (np.clip(part, 0, 1) for part in (seen, low, high))
    low, high = np.fmin(low, mean), np.fmax(high, mean)
    return Score(mean, low, high, seen, np.column_stack(missing), tuple(index.composantes))


def dematerialisable(service: Service, n: int) -> Score:
    """The service's own score, the same for every commune: declared, not learned."""
    value, low, high = service.score_dematerialisable()
    full = [np.full(n, part) for part in (value, low, high)]
    return Score(*full, np.ones(n), np.zeros((n, len(service.dematerialisable)), bool), tuple(service.dematerialisable))


def priority(need: Score, deficit: Score) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Priority for help: geometric mean of need and access deficit, with its bounds; each (n,) in [0, 1].

    It rises with both, and is 0 as soon as one is: a well served commune is not urgent, however poor. NaN when one of
    the two has no observed component.
    """
    return (
        np.sqrt(need.valeur * deficit.valeur),
        np.sqrt(need.bas * deficit.bas),
        np.sqrt(need.haut * deficit.haut),
    )
