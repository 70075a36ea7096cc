"""The logistic model: fitted on hand labels, calibrated on the candidates, three zones, measured with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from pilotage.rapprochement.etiquettes import Couples

GRAINE, PLIS, TIRAGES = 2026, 10, 2000
QUANTILE = 1.959964  # of the normal law, for 95 %
FORCES = (0.1, 0.3, 1.0, 3.0, 10.0)  # inverse of the L2 penalty, chosen by cross-validation
PRECISION_VISEE, RAPPEL_VISE = 0.92, 0.98


@dataclass(frozen=True)
class Modele:
    """`constante` and `coefficients` (p,) of the logit; the two thresholds that cut the three zones."""

    constante: float
    coefficients: np.ndarray
    force: float
    seuil_meme: float = 0.5
    seuil_a_revoir: float = 0.5

    def probability(self, x: np.ndarray) -> np.ndarray:
        """Probability of one same place, (n,)."""
        return 1 / (1 + np.exp(-(self.constante + x @ self.coefficients)))


@dataclass(frozen=True)
class Mesure:
    """A figure and its 95 % interval."""

    valeur: float
    basse: float
    haute: float


@threadpool_limits.wrap(1)
def learn(couples: Couples) -> tuple[Modele, np.ndarray]:
    """The model of these pairs, and their probabilities (n,): out of fold for those that were decided.

    One thread of BLAS: hundreds of small fits are done in the time that more threads take to wait for each other.

    The slope is fitted on the pairs as drawn (hard ones are as many as easy ones); the calibration then weighs each
    pair by the candidates that it stands for, so that a probability is one among the candidates.
    """
    decided = couples.part(couples.decide)
    scores = {force: _out_of_fold(decided, force) for force in FORCES}
    force = min(FORCES, key=lambda f: _log_loss(decided, scores[f]))
    model = _calibrated(decided, force)
    out = model.probability(couples.x)
    out[couples.decide] = scores[force]
    same, review = choose_thresholds(couples, out)
    return Modele(model.constante, model.coefficients, force, same, review), out


def choose_thresholds(couples: Couples, score: np.ndarray) -> tuple[float, float]:
    """Lowest score above which enough pairs are the same, the undecidable ones held for errors; highest above which
    few same pairs are left out."""
    order = np.argsort(-score)
    same = np.cumsum((couples.poids * couples.y * couples.decide)[order])
    precision, recall = same / np.cumsum(couples.poids[order]), same / same[-1]
    exact = np.flatnonzero(precision >= PRECISION_VISEE)
    high = float(score[order][exact[-1]] if len(exact) else score.max())
    low = float(score[order][np.flatnonzero(recall >= RAPPEL_VISE)[0]])
    high = max(high, 0.5)
    return round(high, 3), round(min(low, high), 3)


def measure(couples: Couples, score: np.ndarray, modele: Modele) -> dict[str, Mesure]:
    """Figures over the candidates: each pair weighs those that it stands for.

    Intervals of shares are Wilson's with Kish's effective number of pairs: a share of 1 has one too.
    """
    w, decided = couples.poids, couples.decide
    y, same, kept = couples.y & decided, score >= modele.seuil_meme, score >= modele.seuil_a_revoir
    every = np.ones(len(w), bool)
    return {
        "precision": _share(y, same & decided, w),
        "precision_stricte": _share(y, same, w),
        "rappel": _share(same, y, w),
        "rappel_avec_revue": _share(kept, y, w),
        "part_a_revoir": _share(kept & ~same, every, w),
        "indecidables_reunis": _share(same, ~decided, w),
        "brier": _brier((score - y)[decided] ** 2, w[decided]),
    }


def _share(part: np.ndarray, whole: np.ndarray, weights: np.ndarray) -> Mesure:
    """Weighted share of `part` in `whole`; NaN when `whole` is empty."""
    w = weights[whole]
    if not len(w):
        return Mesure(float("nan"), 0.0, 1.0)
    share, n = float((w * part[whole]).sum() / w.sum()), float(w.sum() ** 2 / (w**2).sum())
    centre, half = share + QUANTILE**2 / (2 * n), np.sqrt(share * (1 - share) / n + (QUANTILE / (2 * n)) ** 2)
    bounds = [(centre + sign * QUANTILE * half) / (1 + QUANTILE**2 / n) for sign in (-1, 1)]
    return Mesure(share, min(share, max(0.0, float(bounds[0]))), max(share, min(1.0, float(bounds[1]))))


def _brier(errors: np.ndarray, weights: np.ndarray) -> Mesure:
    """Mean squared error, with a bootstrap interval."""
    draws = np.random.default_rng(GRAINE).integers(len(errors), size=(TIRAGES, len(errors)))
    drawn = (errors[draws] * weights[draws]).sum(1) / weights[draws].sum(1)
    return Mesure(float((errors * weights).sum() / weights.sum()), *map(float, np.quantile(drawn, [0.025, 0.975])))


def _out_of_fold(couples: Couples, force: float) -> np.ndarray:
    out = np.empty(len(couples.y))
    for train, test in _folds(couples.y):
        mask = np.zeros(len(out), bool)
        mask[train] = True
        out[test] = _calibrated(couples.part(mask), force).probability(couples.x[test])
    return out


def _calibrated(couples: Couples, force: float) -> Modele:
    """Slope by L2 logistic regression, then Platt's two figures on out-of-fold scores, folded into the coefficients."""
    raw = np.empty(len(couples.y))
    for train, test in _folds(couples.y):
        raw[test] = _fit(couples.x[train], couples.y[train], force).decision_function(couples.x[test])
    fit = _fit(couples.x, couples.y, force)
    weights = couples.poids / couples.poids.mean()
    platt = LogisticRegression(C=10.0).fit(raw[:, None], couples.y, sample_weight=weights)
    slope, shift = float(platt.coef_[0, 0]), float(platt.intercept_[0])
    return Modele(shift + slope * float(fit.intercept_[0]), slope * fit.coef_[0], force)


def _fit(x: np.ndarray, y: np.ndarray, force: float) -> LogisticRegression:
    return LogisticRegression(C=force, max_iter=2000).fit(x, y)


def _folds(y: np.ndarray):
    return StratifiedKFold(PLIS, shuffle=True, random_state=GRAINE).split(np.zeros(len(y)), y)


def _log_loss(couples: Couples, score: np.ndarray) -> float:
    chance = np.clip(np.where(couples.y, score, 1 - score), 1e-6, 1)
    return float(-(couples.poids * np.log(chance)).sum() / couples.poids.sum())
