"""p-median: where p sites leave the least weighted cost, proven by a bound.

Start: greedy and interchange. Bound: Lagrangian relaxation, then branch and bound on the sites. Mirchandani and
Francis, Discrete location theory, Wiley (1990), chapter 2.
"""

from __future__ import annotations

import time

import numpy as np

from models_ml.optimisation.centre import find_cover
from models_ml.optimisation.mediane_arbre import Arbre
from models_ml.optimisation.mediane_depart import crop, greedy, interchange, with_penalty
from models_ml.optimisation.mediane_table import Table, build_table, serve
from models_ml.optimisation.resultat import Plan
from pilotage.errors import ErreurRecommandation

PRECISION = 1e-9


def p_median(costs, weights, p: int, existing=(), gap: float = 1e-4, time_limit: float | None = None, seed: int = 0):
    """Plan of at most p sites that minimises Σ_i weights[i] · min over open j of costs[i, j].

    costs: ndarray (n, m), inf where forbidden, or scipy sparse (n, m), where an absent pair is forbidden and a written
    zero costs nothing. weights (n,): a row of weight 0 asks for nothing. existing: columns open for free, besides p.
    gap: (objectif - borne) / objectif at which the plan counts as proven; with whole numbers the bound is a whole
    number. time_limit: seconds, after which the best plan comes with the bound reached. affectation: -1 for a row of
    weight 0 that no open site reaches.
    Raises ErreurRecommandation when some rows cannot be served; ValueError for wrong shapes or values.
    """
    start = time.perf_counter()
    deadline = np.inf if time_limit is None else start + time_limit
    table = build_table(costs, weights, p, existing)
    check_served(table)
    first = first_sites(table, deadline, time_limit)
    tree = prove(table, first, gap, deadline, seed)
    sites = fill(table, tree.best, existing)
    return make_plan(costs, sites, existing, tree, gap, start)


def prove(table: Table, first, gap: float, deadline: float, seed: int) -> Arbre:
    """The search, from multipliers half-way between the first and second sites of each row."""
    tree = Arbre(table, first, gap, deadline, np.random.default_rng(seed))
    paid, _, second = serve(with_penalty(table), tree.best)
    tree.search((paid + second) / 2)
    return tree


def check_served(table: Table) -> None:
    """ErreurRecommandation that names the rows which no column, open or to open, serves."""
    served = np.isfinite(table.repli)
    served[table.rows] = True
    alone = np.flatnonzero(~served)
    if len(alone):
        shown = ", ".join(str(row) for row in alone[:10]) + (", …" if len(alone) > 10 else "")
        raise ErreurRecommandation(
            f"{len(alone)} ligne(s) qu'aucun site ne peut desservir : {shown}",
            attendu="au moins un site permis par ligne de poids non nul",
            conseil="élargir la portée des trajets ou retirer ces lignes",
        )


def first_sites(table: Table, deadline: float = np.inf, time_limit: float | None = None) -> list[int]:
    """Greedy and interchange; when they leave a row unserved, p sites that serve all, then interchange."""
    sites = greedy(table, deadline)
    sites = interchange(table, interchange(crop(table, sites), sites, deadline), deadline)
    lost = ~np.isfinite(serve(table, sites)[0])
    if not lost.any():
        return sites
    asked = np.flatnonzero(~np.isfinite(table.repli))
    cover = find_cover(table.rows, table.cols, asked, len(table.fixe), table.p, time_limit)
    if cover.sites is None:
        raise ErreurRecommandation(
            f"{table.p} site(s) ne suffisent pas à desservir toutes les lignes : il en faut au moins {cover.bound}"
            if cover.bound > table.p
            else f"aucun plan de {table.p} site(s) desservant toutes les lignes n'a été trouvé dans le temps donné",
            attendu=f"p ≥ {max(cover.bound, table.p)}",
            conseil=f"lignes restées sans site : {', '.join(map(str, np.flatnonzero(lost)[:10]))} ; augmenter p",
        )
    better = interchange(table, cover.sites, deadline)
    return better if np.isfinite(serve(table, better)[0]).all() else list(cover.sites)


def fill(table: Table, sites: np.ndarray, existing) -> np.ndarray:
    """Exactly p sites, when there are as many columns: those that serve nobody better come last, smallest first."""
    spare = np.setdiff1d(np.arange(len(table.fixe)), np.concatenate([sites, np.asarray(existing, int)]))
    return np.sort(np.concatenate([sites, spare[: max(0, table.p - len(sites))]])).astype(int)


def make_plan(costs, sites, existing, tree: Arbre, gap: float, start: float) -> Plan:
    """Plan with the site that serves each row, the gap of its bound and whether that proves it."""
    everything = np.union1d(sites, np.asarray(existing, int)).astype(int)
    by = nearest(costs, everything)
    value, bound = tree.value, max(0.0, min(tree.bound, tree.value))
    gap_reached = (value - bound) / value if value > 0 else 0.0
    method = f"relaxation lagrangienne et séparation, {tree.nodes} nœud(s)"
    spent = time.perf_counter() - start
    return Plan(sites, by, value, bound, gap_reached, gap_reached <= max(gap, PRECISION), spent, method)


def nearest(costs, sites: np.ndarray) -> np.ndarray:
    """For each row, the cheapest of `sites` (ascending columns), the first of equals; -1 where none is allowed."""
    shape = np.shape(costs)
    weightless = build_table(costs[:, sites], np.ones(shape[0]), len(sites))
    by = serve(weightless, np.arange(len(sites)))[1]
    return np.where(by >= 0, sites[np.maximum(by, 0)], -1) if len(sites) else np.full(shape[0], -1)
