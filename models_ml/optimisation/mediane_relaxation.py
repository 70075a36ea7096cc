"""Lagrangian relaxation of «each row is served once»: a bound for any multipliers, and sites worth trying.

L(λ) = Σ_i λ_i + min over at most p sites of Σ_j (f_j + Σ_i min(0, v_ij − λ_i)), with λ_i ≤ what the row pays if nothing
opens. Multipliers follow deflected subgradients. Cornuéjols, Fisher and Nemhauser, Location of bank accounts to
optimize float, Management Science 23 (1977) 789-810; Camerini, Fratta and Maffioli, On improving relaxation methods
by modified gradient techniques, Mathematical Programming Study 3 (1975) 26-34.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from models_ml.optimisation.mediane_table import Table

MARGE = 1.3
RAFRAICHIR = 25


@dataclass
class Relaxation:
    """Best bound met, its multipliers λ (n,), the score of each column there (m,), inf where it may not open.

    part (m,): share of recent iterations in which each column was chosen, weighted as the directions are.
    """

    table: Table
    multipliers: np.ndarray
    bound: float = -np.inf
    scores: np.ndarray | None = None
    part: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def run(
        self,
        upper: Callable[[], float],
        iterations: int,
        deadline: float,
        enough: Callable[[float], bool],
        propose: Callable[[np.ndarray], None],
        theta: float = 1.0,
        patience: int = 20,
    ) -> None:
        """Improve the bound until it is `enough`, the step vanishes, or iterations or time end."""
        table = self.table
        lam = np.minimum(self.multipliers, table.repli)
        self.multipliers = lam
        direction, stall, window = np.zeros_like(lam), 0, None
        self.part = np.zeros(len(table.fixe))
        for turn in range(iterations):
            if time.perf_counter() > deadline:
                return
            if turn % RAFRAICHIR == 0:
                window = _window(table, np.maximum(lam, self.multipliers))
            lam = np.minimum(lam, window[3])
            value, chosen, scores, served = _evaluate(table, lam, window)
            self.part = 0.9 * self.part
            self.part[chosen] += 0.1
            if value > self.bound:
                stall = 0 if value - self.bound > 1e-6 * abs(value) else stall + 1
                self.bound, self.multipliers, self.scores = value, lam.copy(), scores
                if enough(value):
                    return
            else:
                stall += 1
            if turn % 40 == 39:
                propose(chosen)
            if stall >= patience:
                theta, stall, lam = theta * 0.6, 0, self.multipliers.copy()
                if theta < 1e-3:
                    return
            slope = 1.0 - served
            slope[(slope > 0) & (lam >= table.repli)] = 0.0
            if not slope.any():  # each row served once: the chosen columns are the best plan of this table
                propose(chosen)
                return
            direction = slope + 0.7 * direction
            norm = float(direction @ direction)
            step = theta * max(upper() * 1.0005 - value, 1e-9) / norm
            lam = np.clip(lam + step * direction, 0.0, table.repli)


def _window(table: Table, lam: np.ndarray):
    """Pairs that count while no multiplier exceeds the limits returned with them: rows, cols, vals, limits."""
    limits = np.minimum(MARGE * lam + 0.05 * lam.mean(), table.repli)
    keep = table.vals < limits[table.rows]
    return table.rows[keep], table.cols[keep], table.vals[keep], limits


def _evaluate(table: Table, lam: np.ndarray, window):
    """L(λ), columns chosen, scores, and how many chosen columns would serve each row."""
    rows, cols, vals, _ = window
    reduced = vals - lam[rows]
    near = np.flatnonzero(reduced < 0)
    rows, cols = rows[near], cols[near]
    scores = table.fixe + np.bincount(cols, reduced[near], minlength=len(table.fixe))
    scores[~table.libre] = np.inf
    chosen = lowest(scores, table.p)
    is_chosen = np.zeros(len(scores), bool)
    is_chosen[chosen] = True
    served = np.bincount(rows[is_chosen[cols]], minlength=len(lam))
    return float(lam.sum() + scores[chosen].sum()), chosen, scores, served


def lowest(scores: np.ndarray, p: int) -> np.ndarray:
    """The p columns of lowest score, only those below 0, ties to the smaller index."""
    chosen = np.flatnonzero(scores < 0)
    if len(chosen) > p:
        chosen = np.sort(chosen[np.argsort(scores[chosen], kind="stable")[:p]])
    return chosen
