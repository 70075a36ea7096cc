"""Lagrangian bound of capacitated location: the rows' demand is priced, each site fills its own knapsack."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

GRAIN = 1000
"""Most capacity units of a knapsack table; a finer demand is rounded down, which only weakens the bound."""


@dataclass
class Grille:
    """Whole demands and capacities that no true assignment breaks: q' = ⌊q·k⌋, Q' = ⌊Q·k⌋."""

    demand: np.ndarray
    capacity: np.ndarray

    @classmethod
    def build(cls, weights: np.ndarray, capacities: np.ndarray) -> Grille:
        whole = (weights == np.round(weights)).all()
        factor = 1.0 if whole and capacities.max() <= GRAIN else GRAIN / capacities.max()
        demand = np.floor(weights * factor + 1e-9).astype(int)
        return cls(demand, np.floor(capacities * factor + 1e-9).astype(int))


def knapsacks(gains: np.ndarray, grid: Grille) -> np.ndarray:
    """Best gain of each site for every capacity: (m, Q+1). gains (n, m), those not positive are left out."""
    best = np.zeros((gains.shape[1], int(grid.capacity.max()) + 1))
    for i in np.flatnonzero((gains > 0).any(axis=1)):
        q, gain = grid.demand[i], np.maximum(gains[i], 0.0)[:, None]
        if q == 0:
            best += gain
        elif q < best.shape[1]:
            best[:, q:] = np.maximum(best[:, q:], best[:, :-q] + gain)
    return best


def filled(gains: np.ndarray, grid: Grille, sites: np.ndarray) -> np.ndarray:
    """Rows in each of the given sites' best knapsack: bool (n, len(sites))."""
    n, k = gains.shape[0], len(sites)
    best = np.zeros((k, int(grid.capacity.max()) + 1))
    taken = np.zeros((n, *best.shape), bool)
    for i in range(n):
        q, gain = grid.demand[i], np.maximum(gains[i, sites], 0.0)[:, None]
        if q < best.shape[1]:
            other = (best if q == 0 else best[:, :-q]) + gain
            taken[i, :, q:] = (other > best[:, q:]) & (gain > 0)
            best[:, q:] = np.maximum(best[:, q:], other)
    inside, left = np.zeros((n, k), bool), grid.capacity[sites].copy()
    for i in range(n - 1, -1, -1):
        inside[i] = taken[i, np.arange(k), left]
        left = left - grid.demand[i] * inside[i]
    return inside


@dataclass
class Borne:
    """Best bound met, its multipliers, and what it rules out below a plan's value."""

    costs: np.ndarray
    grid: Grille
    p: int
    opening: np.ndarray
    forced: np.ndarray
    valeur: float = -np.inf
    prix: np.ndarray = field(default_factory=lambda: np.empty(0))
    ouverts: np.ndarray = field(default_factory=lambda: np.empty(0, int))

    def evaluate(self, prices: np.ndarray) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
        """Value, sites that it opens, price of each site, and the knapsack tables."""
        tables = knapsacks(prices[:, None] - self.costs, self.grid)
        worth = self.opening - tables[np.arange(len(self.opening)), self.grid.capacity]
        free = np.flatnonzero(~self.forced)
        order = free[np.argsort(worth[free], kind="stable")][: self.p]
        chosen = np.sort(np.concatenate([np.flatnonzero(self.forced), order[worth[order] < 0]]))
        return float(prices.sum() + worth[chosen].sum()), chosen, worth, tables

    def climb(self, upper: float, seconds: float, rounds: int, improve=None) -> float:
        """Subgradient steps, Polyak's length towards `upper`, which `improve(sites, upper)` lowers; gives it."""
        stop = time.perf_counter() + seconds
        finite = np.where(np.isfinite(self.costs), self.costs, np.nan)
        second = np.sort(np.where(np.isnan(finite), np.inf, finite), axis=1)[:, min(1, finite.shape[1] - 1)]
        prices = np.where(np.isfinite(second), second, np.nanmin(finite, axis=1)) * 1.5 + 1e-9
        if len(self.prix):
            prices = self.prix.copy()
        length, stalled = 1.5, 0
        for step in range(rounds):
            value, chosen, _, _ = self.evaluate(prices)
            if value > self.valeur + 1e-9:
                self.valeur, self.prix, self.ouverts, stalled = value, prices.copy(), chosen, 0
            else:
                stalled += 1
                if stalled == 12:
                    length, stalled, prices = length / 2, 0, self.prix.copy()
                    value, chosen, _, _ = self.evaluate(prices)
            slack = 1.0 - filled(prices[:, None] - self.costs, self.grid, chosen).sum(axis=1)
            norm = float(slack @ slack)
            if norm == 0 or length < 1e-3 or time.perf_counter() > stop or upper - self.valeur < 1e-9:
                break
            if improve is not None and step % 10 == 0:
                upper = improve(chosen, upper)
            prices = prices + length * max(upper - value, 1e-6 * abs(upper)) / norm * slack
        return upper

    def possible(self, upper: float) -> np.ndarray:
        """Pairs (n, m) that a plan better than `upper` may use: forcing any other would cost at least that much."""
        value, chosen, worth, tables = self.evaluate(self.prix)
        inside = np.zeros(len(worth), bool)
        inside[chosen] = True
        swapped = worth[chosen][~self.forced[chosen]]
        last = swapped.max() if len(swapped) >= self.p and len(swapped) else 0.0
        opened = np.where(inside, value, value + worth - np.minimum(last, 0.0))
        room = self.grid.capacity[None, :] - self.grid.demand[:, None]
        rest = np.where(room >= 0, tables[np.arange(len(worth))[None, :], np.maximum(room, 0)], -np.inf)
        full = tables[np.arange(len(worth)), self.grid.capacity]
        with np.errstate(invalid="ignore"):
            forced = opened[None, :] + full[None, :] + self.costs - self.prix[:, None] - rest
        return np.isfinite(self.costs) & (room >= 0) & (forced < upper - 1e-9)
