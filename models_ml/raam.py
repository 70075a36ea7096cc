"""Rational agent access model on sparse travel tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models_ml.acces import _checked, _rows

CYCLES_SANS_FOULE = 20
"""First cycles, in which a site may not receive in one go more people than it has places."""


def raam(
    demand,
    supply,
    travel,
    tau: float = 60,
    rho: float | None = None,
    max_cycles: int = 150,
    initial_step: float = 0.2,
    min_step: float = 0.005,
    half_life: float = 50,
) -> np.ndarray:
    """Cost that each person bears once all have chosen their site, in congestion and in travel; lower is better.

    cost_ij = D_j / (rho·S_j) + c_ij / tau, where D_j is the demand that chose j; each place moves people from its
    dearest used site to its cheapest, a step at a time, until nobody gains. Saxon & Snow (2020), Annals of the American
    Association of Geographers 110(1); the steps are those of PySAL `access`.

    Args:
        demand: whole people (n,). tau: travel cost worth the mean congestion. rho: people a unit of supply serves; the
            country's mean by default. A step moves at most the share `initial_step` of a place's people, halved every
            `half_life` cycles, not below `min_step`.
    Returns:
        (n,): mean cost of a place's people; of one more person where nobody lives; NaN where no site is within reach.
    Raises:
        ValueError: shapes disagree, a value is missing or negative, or people are not whole.
    """
    demand, supply, travel = _checked(demand, supply, travel)
    if (demand != np.round(demand)).any():
        raise ValueError("demand must be whole people: they move one by one")
    open_pairs = supply[travel.indices] > 0
    mean = demand.sum() / supply.sum() if rho is None else rho
    rows = _rows(travel)[open_pairs]
    costs = np.full(len(demand), np.nan)
    if len(rows):
        scaled = travel.data[open_pairs] / tau
        market = _Market.build(rows, travel.indices[open_pairs], scaled, demand, supply * mean)
        costs[market.places] = market.settle(max_cycles, initial_step, min_step, half_life)
    return costs


@dataclass
class _Market:
    """Pairs sorted by place: site, cost of the trip, people who chose it. `starts`: first pair of each place."""

    places: np.ndarray
    starts: np.ndarray
    owner: np.ndarray
    site: np.ndarray
    trip: np.ndarray
    people: np.ndarray
    supply: np.ndarray
    chosen: np.ndarray

    @classmethod
    def build(cls, rows, site, trip, demand, supply) -> _Market:
        places, starts = np.unique(rows, return_index=True)
        owner = np.repeat(np.arange(len(places)), np.diff(np.append(starts, len(rows))))
        market = cls(places, starts, owner, site, trip, demand[places], supply, np.zeros(len(rows)))
        market.chosen[market._least(trip)] = market.people
        return market

    def _least(self, values: np.ndarray) -> np.ndarray:
        """First pair of least value of each place."""
        best = np.flatnonzero(values == np.minimum.reduceat(values, self.starts)[self.owner])
        owner = self.owner[best]
        return best[np.append(True, owner[1:] != owner[:-1])]

    def settle(self, cycles: int, step: float, least_step: float, half_life: float) -> np.ndarray:
        """Move people cycle after cycle; the cost of each place at the last one."""
        for cycle in range(cycles):
            at_site = np.bincount(self.site, weights=self.chosen, minlength=len(self.supply))
            with np.errstate(divide="ignore", invalid="ignore"):
                crowd = at_site / self.supply
            total = crowd[self.site] + self.trip
            cheap, dear = self._least(total), self._least(np.where(self.chosen > 0, -total, np.inf))
            share = max(step * 0.5 ** (cycle / half_life), least_step)
            moved = self._moved(cheap, dear, at_site, share)
            if cycle < CYCLES_SANS_FOULE:
                asked = np.bincount(self.site[cheap], weights=moved, minlength=len(self.supply))
                with np.errstate(divide="ignore", invalid="ignore"):
                    crush = np.fmax(asked / self.supply, 1)
                moved = np.round(moved / crush[self.site[cheap]]).astype(int)
            self.chosen[cheap] += moved
            self.chosen[dear] -= moved
        spent = np.add.reduceat(total * self.chosen, self.starts)
        return np.divide(spent, self.people, out=np.minimum.reduceat(total, self.starts), where=self.people > 0)

    def _moved(self, cheap: np.ndarray, dear: np.ndarray, at_site: np.ndarray, share: float) -> np.ndarray:
        """People of each place who leave the dearest site it uses for the cheapest: what makes both cost the same, at
        most those who are there, at most the share of the place that a step moves."""
        here, there = self.chosen[cheap], self.chosen[dear]
        s_cheap, s_dear = self.supply[self.site[cheap]], self.supply[self.site[dear]]
        others_cheap, others_dear = at_site[self.site[cheap]] - here, at_site[self.site[dear]] - there
        gap = self.trip[dear] - self.trip[cheap] + (here + there + others_dear) / s_dear - others_cheap / s_cheap
        wanted = np.minimum((s_cheap * s_dear) / (s_cheap + s_dear) * gap - here, there)
        wanted = np.where((cheap == dear) | (self.people == 0), 0, wanted)
        return np.minimum(wanted, share * self.people).astype(int)
