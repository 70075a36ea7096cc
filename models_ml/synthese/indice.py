"""The composite index itself: components, normalisations, weightings, aggregations. Higher is always more fragile.

After the OECD/JRC *Handbook on Constructing Composite Indicators* (2008), steps 3 to 6.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.stats import rankdata

from models_ml.synthese.parametres import ParametresFragilite

NORMALISATIONS = ("centiles", "z_score", "rang")
AGREGATIONS = ("arithmetique", "geometrique")
PONDERATIONS = ("dimensions", "egales", "acp", "experts", "hasard")
REFERENCE = {"normalisation": "centiles", "ponderation": "dimensions", "agregation": "arithmetique"}


@dataclass(frozen=True)
class Composantes:
    """The components of every commune.

    Attributes:
        noms: the (C,) components retained, in the order of the declaration.
        brutes: name -> (n,) raw value of every declared component, NaN where unknown.
        valeurs: (n, C) retained components, turned so that more is more fragile.
        ecartees: name -> why it is not in the index.
    """

    noms: tuple[str, ...]
    brutes: dict[str, np.ndarray]
    valeurs: np.ndarray
    ecartees: dict[str, str]


def read_composantes(communes: pl.DataFrame, choix: ParametresFragilite) -> Composantes:
    """Compute the declared components and keep those known in enough communes; a missing value stays missing."""
    computed, dropped = _raw(communes), {}
    raw = {name: computed[name] for name in choix.composantes}
    for name, values in raw.items():
        known = float(np.mean(~np.isnan(values))) if len(values) else 0.0
        if known < choix.communes_minimum:
            dropped[name] = f"connue dans {100 * known:.0f} % des communes seulement"
        elif np.nanstd(values) == 0:
            dropped[name] = "la même partout"
    kept = tuple(name for name in choix.composantes if name not in dropped)
    signs = [1 if choix.composantes[name].sens == "plus" else -1 for name in kept]
    columns = [sign * raw[name] for sign, name in zip(signs, kept, strict=True)]
    return Composantes(kept, raw, np.column_stack(columns) if columns else np.empty((len(communes), 0)), dropped)


def _raw(communes: pl.DataFrame) -> dict[str, np.ndarray]:
    def column(name: str) -> np.ndarray:
        return communes[name].cast(pl.Float64).to_numpy()

    def share(part: str, whole: str) -> np.ndarray:
        total = column(whole)
        return 100 * column(part) / np.where(total > 0, total, np.nan)

    return {
        "sans_30_mbits": 100 - share("locaux_30_et_plus", "locaux"),
        "sans_fibre": 100 - share("locaux_fibre", "locaux_recents"),
        "revenu_median": column("revenu_median_eur"),
        "pauvrete": column("taux_pauvrete_pct"),
        "chomage": share("chomeurs_15_64", "actifs_15_64"),
        "plus_65_ans": column("part_65_ans_pct"),
        "peu_diplomes": column("part_peu_diplomes_pct"),
    }


def normalise(values: np.ndarray, method: str, bounds: tuple[float, float]) -> np.ndarray:
    """(n, C) on a scale of 0 to 100; NaN stays NaN.

    `centiles`: between two percentiles, cut outside; `z_score`: 50 and ten points a standard deviation; `rang`: share
    of the communes that are less fragile.
    """
    if method == "centiles":
        low, high = np.nanpercentile(values, bounds, axis=0)
        return 100 * np.clip((values - low) / np.where(high > low, high - low, 1), 0, 1)
    if method == "z_score":
        return np.clip(50 + 10 * (values - np.nanmean(values, axis=0)) / np.nanstd(values, axis=0), 0, 100)
    out = np.full(values.shape, np.nan)
    for c in range(values.shape[1]):
        known = ~np.isnan(values[:, c])
        out[known, c] = 100 * rankdata(values[known, c]) / known.sum()
    return out


def weights(
    method: str, parts: Composantes, choix: ParametresFragilite, rng: np.random.Generator | None = None
) -> np.ndarray:
    """(C,) weights, adding up to one."""
    declared = [choix.composantes[name] for name in parts.noms]
    if method == "egales":
        raw = np.ones(len(declared))
    elif method == "experts":
        raw = np.array([c.poids for c in declared])
    elif method == "acp":
        raw = _principal_weights(parts.valeurs)
    elif method == "hasard":
        raw = (rng or np.random.default_rng(0)).dirichlet(np.full(len(declared), choix.dirichlet))
    else:
        names = [c.dimension for c in declared]
        raw = np.array([1 / names.count(name) for name in names])
    return raw / raw.sum()


def _principal_weights(values: np.ndarray) -> np.ndarray:
    """Squared loadings on the components whose eigenvalue exceeds one, without rotation (Handbook, step 6)."""
    whole = values[~np.isnan(values).any(axis=1)]
    if len(whole) < 10 or values.shape[1] < 2:
        return np.ones(values.shape[1])
    eigenvalues, vectors = np.linalg.eigh(np.corrcoef(whole, rowvar=False))
    kept = eigenvalues >= min(1.0, eigenvalues.max())
    return (vectors[:, kept] ** 2 * eigenvalues[kept]).sum(axis=1)


def aggregate(scores: np.ndarray, weight: np.ndarray, method: str, floor: float) -> np.ndarray:
    """(n,) index from normalised components; weights are shared again among those known.

    The geometric mean does not let a strong point make up for a weak one; a score below `floor` counts for `floor`.
    """
    known = ~np.isnan(scores)
    total = known @ weight
    filled = np.where(known, np.log(np.maximum(scores, floor)) if method == "geometrique" else scores, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = filled @ weight / np.where(total > 0, total, np.nan)
    return np.exp(mean) if method == "geometrique" else mean


def coverage(parts: Composantes, choix: ParametresFragilite) -> tuple[np.ndarray, np.ndarray]:
    """(n,) share of the weights of reference that is known, and whether it is enough for an index."""
    known = ~np.isnan(parts.valeurs)
    share = known @ weights("dimensions", parts, choix) if parts.noms else np.zeros(len(parts.valeurs))
    names = [choix.composantes[name].dimension for name in parts.noms]
    dimensions = sum(known[:, [n == d for n in names]].any(axis=1).astype(int) for d in set(names)) if names else 0
    return share, (share >= choix.couverture_minimale) & (dimensions >= choix.dimensions_minimum)
