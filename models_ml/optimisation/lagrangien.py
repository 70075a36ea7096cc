"""Bound of a large covering instance without a linear solver: the volume algorithm on the rows' prices."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from models_ml.optimisation.reductions import Instance


@dataclass(frozen=True)
class Volume:
    """Bound proved, and the share of each column in a nearly optimal fractional plan (c,)."""

    borne: float
    parts: np.ndarray


def volume(instance: Instance, p: int, lower: float, rounds: int = 4000, seconds: float = np.inf) -> Volume:
    """Volume algorithm (Barahona & Anbil 2000, Mathematical Programming 87(3)) for max Σ w_i·y_i, y_i ≤ Σ_j a_ij·x_j.

    Any prices u in [0, w] prove the bound Σ_i max(0, w_i - u_i) + the sum of the p largest Σ_i a_ij·u_i. It is computed
    anew at each step, so it holds whatever the steps were. lower: weight that some plan covers: it sets their length.
    """
    stop = time.perf_counter() + seconds
    cover = instance.cover.astype(float).tocsr()
    columns, weights = cover.T.tocsr(), instance.weights
    p = min(p, cover.shape[1])

    def evaluate(prices: np.ndarray) -> tuple[float, np.ndarray]:
        worth = columns @ prices
        top = np.argpartition(-worth, p - 1)[:p]
        return float(np.maximum(weights - prices, 0).sum() + worth[top].sum()), top

    center = 0.7 * weights
    best, top = evaluate(center)
    share, covered = np.zeros(cover.shape[1]), np.zeros(len(weights))
    share[top] = 1.0
    length, mix, stalled, last = 0.1, 0.05, 0, best
    for step in range(rounds):
        slack = cover @ share - covered
        norm = float(slack @ slack)
        if norm < 1e-12 or time.perf_counter() > stop:
            break
        prices = np.clip(center - length * max(best - lower, 0.0) / norm * slack, 0, weights)
        value, top = evaluate(prices)
        share *= 1 - mix
        share[top] += mix
        covered = (1 - mix) * covered + mix * (prices < weights)
        if value < best:
            best, center, stalled, length = value, prices, 0, min(length * 1.02, 2.0)
        else:
            stalled += 1
            if stalled == 15:
                length, stalled = max(0.75 * length, 1e-4), 0
        if step % 500 == 499:
            mix, last = (max(mix / 2, 0.005) if (last - best) < 2e-4 * best else mix), best
    return Volume(best, share)
