"""Capacitated location with single source: at most p sites, none overfull, each row served by one of them."""

from __future__ import annotations

import time

import numpy as np
from scipy import sparse

from models_ml.optimisation.capacite_borne import Borne, Grille
from models_ml.optimisation.capacite_depart import plan_from
from models_ml.optimisation.capacite_modele import solve_model
from models_ml.optimisation.resultat import Plan
from pilotage.errors import ErreurRecommandation

TOURS = 300
PART_DE_LA_BORNE = 0.35
METHODE = "localisation à capacités : relaxation lagrangienne (sacs à dos), fixation, HiGHS"


def capacite(
    costs,
    weights,
    capacities,
    p: int | None,
    fixed_costs=None,
    single_source: bool = True,
    existing=(),
    gap: float = 1e-4,
    time_limit: float | None = None,
    seed: int = 0,
) -> Plan:
    """Open at most p sites so as to serve every row at least cost, no site beyond its capacity.

    min Σ_ij c_ij·x_ij + Σ_j f_j·y_j  s.t.  Σ_j x_ij = 1,  Σ_i q_i·x_ij ≤ Q_j·y_j,  x_ij ≤ y_j,  Σ_j y_j ≤ p, y binary,
    x binary with single_source, else 0 ≤ x ≤ 1. Bound: Lagrangian relaxation of the assignment, one knapsack a site
    (Ceselli & Righini 2005, Networks 45(3); Lorena & Senne 2004, Computers & Operations Research 31(6)).

    Args:
        costs: (n, m) array, inf where forbidden, or sparse, where an absent pair is forbidden and a written zero free:
            the cost of serving ALL of row i from j, not multiplied by its weight. weights: demand (n,). capacities:
            (m,) or one for all. p: None leaves the number free. fixed_costs: (m,). existing: columns open for free,
            besides p.
    Returns:
        affectation: the site of each row (the one that serves most of it when the demand may be split). With whole
        costs the bound is a whole number.
    Raises:
        ErreurRecommandation: no plan exists, or none was met in time; the constraint in the way is named.
        ValueError: shapes disagree, or a value is missing or negative.
    """
    start = time.perf_counter()
    deadline = np.inf if time_limit is None else start + time_limit
    costs, weights, capacities = _checked(costs, weights, capacities)
    m = costs.shape[1]
    forced = np.zeros(m, bool)
    forced[np.asarray(existing, int)] = True
    opening = np.zeros(m) if fixed_costs is None else np.asarray(fixed_costs, float).copy()
    opening[forced] = 0.0
    p = m if p is None else min(int(p), m)
    _refuse_impossible(costs, weights, capacities, p, forced)
    whole = (opening == np.round(opening)).all() and (
        costs[np.isfinite(costs)] == np.round(costs[np.isfinite(costs)])
    ).all()
    search = _Search(costs, weights, capacities, p, opening, forced, whole and single_source, gap, deadline, seed)
    search.start()
    if single_source:
        search.bound_it()
    if not search.closed():
        search.finish(single_source)
    if search.best is None:
        raise ErreurRecommandation(
            f"aucun plan d'au plus {p} sites tenant les capacités n'a été trouvé dans le temps donné",
            conseil="allonger la limite de temps, ou donner plus de sites ou de capacité",
        )
    value, sites, by = search.best
    bound = min(search.bound, value)
    spread = (value - bound) / value if value > 0 else 0.0
    sites = np.setdiff1d(sites, np.flatnonzero(forced)).astype(int)
    return Plan(sites, by, value, bound, spread, spread <= gap * (1 + 1e-9), time.perf_counter() - start, METHODE)


def _checked(costs, weights, capacities):
    if sparse.issparse(costs):
        table = np.full(costs.shape, np.inf)
        pairs = costs.tocoo()
        table[pairs.row, pairs.col] = pairs.data
        costs = table
    costs, weights = np.array(costs, float), np.asarray(weights, float)
    capacities = np.broadcast_to(np.asarray(capacities, float), costs.shape[1:]).copy()
    if costs.shape[0] != len(weights):
        raise ValueError(f"costs has {costs.shape[0]} rows and weights {len(weights)}")
    for name, values in (("costs", costs), ("weights", weights), ("capacities", capacities)):
        if np.isnan(values).any() or (values < 0).any():
            raise ValueError(f"{name} holds missing or negative values")
    return costs, weights, capacities


def _refuse_impossible(costs, weights, capacities, p: int, forced) -> None:
    """What can be said without a search: a row too heavy for all, or too little capacity in all."""
    room = np.where(np.isfinite(costs), capacities[None, :], -np.inf).max(axis=1)
    heavy = np.flatnonzero(weights > room + 1e-9)
    if len(heavy):
        row = int(heavy[0])
        raise ErreurRecommandation(
            f"la ligne {row} pèse {weights[row]:g}, plus que tout site qu'elle peut atteindre ({max(room[row], 0):g})",
            conseil="augmenter une capacité, ou partager cette ligne",
        )
    total = capacities[forced].sum() + np.sort(capacities[~forced])[::-1][:p].sum()
    if total < weights.sum() - 1e-9:
        raise ErreurRecommandation(
            f"la capacité des {p} plus grands sites est inférieure à la demande de {weights.sum() - total:g}",
            attendu=f"au moins {weights.sum():g}, au lieu de {total:g}",
            conseil="donner plus de sites ou de capacité",
        )


class _Search:
    """Best plan met and best bound proved, for one instance."""

    def __init__(self, costs, weights, capacities, p, opening, forced, whole, gap, deadline, seed):
        self.costs, self.weights, self.capacities, self.p = costs, weights, capacities, p
        self.opening, self.forced, self.whole, self.gap = opening, forced, whole, gap
        self.deadline, self.rng = deadline, np.random.default_rng(seed)
        self.best: tuple[float, np.ndarray, np.ndarray] | None = None
        self.bound, self.borne = 0.0, None

    def left(self) -> float:
        return max(0.0, self.deadline - time.perf_counter())

    def closed(self) -> bool:
        return self.best is not None and self.best[0] - self.bound <= self.gap * self.best[0] + 1e-9

    def raise_bound(self, value: float) -> None:
        self.bound = max(self.bound, float(np.ceil(value - 1e-6)) if self.whole else value)

    def keep(self, found) -> float:
        """Keep a plan if it is better; the best value."""
        if found is not None and (self.best is None or found[0] < self.best[0] - 1e-9):
            self.best = found
        return self.best[0] if self.best else np.inf

    def from_sites(self, sites) -> float:
        fixed = np.flatnonzero(self.forced)
        return self.keep(
            plan_from(
                self.costs, self.weights, self.capacities, np.union1d(sites, fixed), self.opening, self.forced
            )
        )  # fmt: skip

    def start(self) -> None:
        """Uncapacitated sites first, then a few spread ones."""
        from models_ml.optimisation.mediane import p_median

        try:
            first = p_median(
                self.costs, np.ones(len(self.weights)), self.p, np.flatnonzero(self.forced), gap=0.05,
                time_limit=min(5.0, self.left()),
            )  # fmt: skip
            self.from_sites(first.sites)
        except ErreurRecommandation:
            pass
        free = np.flatnonzero(~self.forced)
        for _ in range(5):
            odds = self.capacities[free] / self.capacities[free].sum()
            if (odds > 0).sum() >= self.p:
                self.from_sites(self.rng.choice(free, self.p, replace=False, p=odds))

    def bound_it(self) -> None:
        """Lagrangian bound; the sites that it opens give plans on the way."""
        grid = Grille.build(self.weights, self.capacities)
        self.borne = Borne(self.costs, grid, self.p, self.opening, self.forced)
        upper = self.best[0] if self.best else float(np.nanmax(np.where(np.isfinite(self.costs), self.costs, np.nan)))
        upper = upper if self.best else upper * len(self.weights) + self.opening.sum()

        def improve(sites, value):
            return min(value, self.from_sites(sites))

        seconds = min(120.0, PART_DE_LA_BORNE * self.left()) if np.isfinite(self.deadline) else 120.0
        self.borne.climb(upper, seconds, TOURS, improve)
        self.raise_bound(self.borne.valeur)

    def finish(self, single_source: bool) -> None:
        """The integer model on the pairs that a better plan may use."""
        value = self.best[0] if self.best else np.inf
        allowed = np.isfinite(self.costs)
        if self.borne is not None and np.isfinite(value):
            aim = value - 1 + 1e-6 if self.whole else value
            allowed &= self.borne.possible(aim + 1e-6)
            if not allowed.any(axis=1).all():
                self.raise_bound(value)
                return
        limit = None if not np.isfinite(self.deadline) else self.left()
        found, bound, infeasible = solve_model(
            self.costs, self.weights, self.capacities, self.p, self.opening, self.forced, allowed, single_source,
            self.gap, limit, self.best,
        )  # fmt: skip
        if infeasible and self.best is None:
            raise ErreurRecommandation(
                f"aucun plan d'au plus {self.p} sites ne tient les capacités",
                conseil="donner plus de sites ou de capacité",
            )
        self.keep(found)
        value = self.best[0] if self.best else np.inf
        self.raise_bound(value if infeasible else min(bound, value))
