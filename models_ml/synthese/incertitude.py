"""How much a commune's rank owes to the choices of the index: Monte Carlo, and one choice at a time (step 7)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.stats import spearmanr

from models_ml.synthese.indice import (
    AGREGATIONS,
    NORMALISATIONS,
    PONDERATIONS,
    REFERENCE,
    Composantes,
    normalise,
    weights,
)
from models_ml.synthese.parametres import ParametresFragilite

MANQUANTS = ("laissees", "tirees")
BLOC = 5_000  # communes at a time: the draws are the largest array of the synthesis
LIBELLES = {
    "normalisation": "Mise à la même échelle",
    "ponderation": "Pondération",
    "agregation": "Agrégation",
    "manquants": "Composantes manquantes",
    "exclusion": "Composante retirée",
}


@dataclass(frozen=True)
class Incertitude:
    """Ranks under other choices. Rows of `rangs` are the draws, columns the communes that have an index.

    Attributes:
        rangs: (draws, m) rank, 1 for the most fragile.
        tirages: the choice made in each draw, by kind of choice.
        sensibilite: one row a choice and option: what the ranks become when it alone changes.
    """

    rangs: np.ndarray
    tirages: dict[str, np.ndarray]
    sensibilite: pl.DataFrame


class Modele:
    """The index of the communes that may have one, under any combination of choices."""

    def __init__(self, parts: Composantes, rows: np.ndarray, strata: np.ndarray, choix: ParametresFragilite) -> None:
        self.parts, self.choix = parts, choix
        known = ~np.isnan(parts.valeurs[rows])
        scaled = {m: normalise(parts.valeurs, m, choix.centiles_bornes)[rows] for m in NORMALISATIONS}
        self.connus = known.astype(float)
        self.taille = len(rows)
        # Zero where unknown: a product with the weights adds up what is known.
        self.scores = {
            (m, agregation): np.where(known, _flatten(scores, agregation, choix.plancher_geometrique), 0.0)
            for m, scores in scaled.items()
            for agregation in AGREGATIONS
        }
        self.poids = {m: weights(m, parts, choix) for m in PONDERATIONS if m != "hasard"}
        self.trous = _holes(parts.valeurs[rows], strata[rows])

    def index(
        self, normalisation: str, ponderation: str, agregation: str, manquants: str = "laissees", exclusion: int = -1,
        rng: np.random.Generator | None = None,
    ) -> np.ndarray:  # fmt: skip
        """(m,) index of 0 to 100; NaN where the only component known is the one taken away."""
        rng = rng or np.random.default_rng(0)
        scores, known = self.scores[normalisation, agregation], self.connus
        if manquants == "tirees" and self.trous:
            scores, known = self._impute(scores, rng), np.ones_like(known)
        weight = self.poids.get(ponderation)
        weight = (weights(ponderation, self.parts, self.choix, rng) if weight is None else weight).copy()
        if exclusion >= 0:
            weight[exclusion] = 0
        total = known @ weight
        mean = scores @ weight / np.where(total > 0, total, np.nan)
        return np.exp(mean) if agregation == "geometrique" else mean

    def _impute(self, scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Each missing value drawn among those of the communes of the same density: a doubt, not an estimate."""
        scores = scores.copy()
        for column, missing, known in self.trous:
            scores[missing, column] = scores[rng.choice(known, len(missing)), column]
        return scores


def _flatten(scores: np.ndarray, agregation: str, floor: float) -> np.ndarray:
    """What is averaged: the scores, or their logarithms."""
    return np.log(np.maximum(scores, floor)) if agregation == "geometrique" else scores


def _holes(values: np.ndarray, strata: np.ndarray) -> list[tuple[int, np.ndarray, np.ndarray]]:
    holes = []
    for column in range(values.shape[1]):
        absent = np.isnan(values[:, column])
        for stratum in np.unique(strata[absent]):
            known = np.flatnonzero(~absent & (strata == stratum))
            missing = np.flatnonzero(absent & (strata == stratum))
            holes.append((column, missing, known if len(known) else np.flatnonzero(~absent)))
    return holes


def rank(index: np.ndarray) -> np.ndarray:
    """1 for the highest; ties and unknowns by order, so that every draw ranks everybody."""
    order = np.argsort(-np.nan_to_num(index, nan=-np.inf), kind="stable")
    ranks = np.empty(len(index), dtype=np.int64)
    ranks[order] = np.arange(1, len(index) + 1)
    return ranks


def explore(model: Modele, choix: ParametresFragilite, graine: int) -> Incertitude:
    """Draw all the choices at random, the same for the same seed, then change one at a time."""
    rng, size, m = np.random.default_rng(graine), choix.tirages, model.taille
    count = len(model.parts.noms)
    draws = {
        "normalisation": rng.choice(NORMALISATIONS, size),
        "ponderation": rng.choice(PONDERATIONS, size),
        "agregation": rng.choice(AGREGATIONS, size),
        "manquants": rng.choice(MANQUANTS, size),
        # Half of the draws keep every component, the others leave one out.
        "exclusion": np.where(rng.random(size) < 0.5, -1, rng.integers(0, max(count, 1), size))
        if count > 2
        else np.full(size, -1),
    }
    ranks = np.empty((size, m), dtype=np.uint16 if m < 65_536 else np.int32)
    for i in range(size):
        chosen = {name: values[i].item() for name, values in draws.items()}
        ranks[i] = rank(model.index(**chosen, rng=rng))
    return Incertitude(ranks, draws, _sensitivity(model, ranks, draws))


def _sensitivity(model: Modele, ranks: np.ndarray, draws: dict[str, np.ndarray]) -> pl.DataFrame:
    reference = model.index(**REFERENCE)
    base, n = rank(reference), len(reference)
    shares = {name: variance_share(ranks, values) for name, values in draws.items()}
    options = {
        "normalisation": NORMALISATIONS, "ponderation": PONDERATIONS, "agregation": AGREGATIONS, "manquants": MANQUANTS,
        "exclusion": range(len(model.parts.noms)) if len(model.parts.noms) > 2 else (),
    }  # fmt: skip
    rows = []
    for choice, values in options.items():
        for option in values:
            other = model.index(**{**REFERENCE, choice: option}, rng=np.random.default_rng(0))
            moved = np.abs(rank(other) - base)
            top, kept = base <= max(n // 10, 1), rank(other) <= max(n // 10, 1)
            label = model.parts.noms[option] if choice == "exclusion" else option
            rows.append(
                {
                    "choix": choice,
                    "libelle": LIBELLES[choice],
                    "modalite": label,
                    "est_reference": REFERENCE.get(choice, "laissees") == option,
                    "spearman_reference": float(spearmanr(reference, other, nan_policy="omit").statistic),
                    "deplacement_moyen_pct": float(100 * moved.mean() / n),
                    "part_deplacee_10_pct": float(100 * (moved > n / 10).mean()),
                    "part_decile_gardee_pct": float(100 * (top & kept).sum() / top.sum()),
                    "part_variance_pct": shares[choice],
                }
            )
    return pl.DataFrame(rows)


def variance_share(ranks: np.ndarray, choice: np.ndarray) -> float:
    """Mean over communes of the share of the rank's variance owed to one choice alone (first order), in %."""
    groups = [choice == option for option in np.unique(choice)]
    shares = []
    for start in range(0, ranks.shape[1], BLOC):
        block = ranks[:, start : start + BLOC].astype(np.float64)
        mean, total = block.mean(axis=0), block.var(axis=0)
        between = sum(mine.mean() * (block[mine].mean(axis=0) - mean) ** 2 for mine in groups)
        shares.append(between[total > 0] / total[total > 0])
    found = np.concatenate(shares) if shares else np.array([])
    return float(100 * found.mean()) if len(found) else 0.0
