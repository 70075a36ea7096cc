"""Uncapacitated facility location: which sites to open when each costs something and their number is free.

Erlenkotter, A dual-based procedure for uncapacitated facility location, Operations Research 26 (1978) 992-1009; here by
the same relaxation and search as the p-median.
"""

from __future__ import annotations

import time

import numpy as np

from models_ml.optimisation.mediane import check_served, first_sites, make_plan, prove
from models_ml.optimisation.mediane_table import build_table
from models_ml.optimisation.resultat import Plan


def localisation_simple(
    costs, fixed_costs, existing=(), gap: float = 1e-4, time_limit: float | None = None, seed: int = 0
) -> Plan:
    """Plan that minimises Σ_j open fixed_costs[j] + Σ_i min over open j of costs[i, j].

    costs: as for `p_median`, for all that a row asks. fixed_costs (m,): none negative; existing columns cost nothing.
    The bound and time_limit read as those of `p_median`. ErreurRecommandation when a row has no column at all.
    """
    start = time.perf_counter()
    deadline = np.inf if time_limit is None else start + time_limit
    table = build_table(costs, np.ones(np.shape(costs)[0]), np.shape(costs)[1], existing, fixed_costs)
    check_served(table)
    tree = prove(table, first_sites(table, deadline, time_limit), gap, deadline, seed)
    return make_plan(costs, tree.best, existing, tree, gap, start)
