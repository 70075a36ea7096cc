"""p-median on graphs of the shape of OR-Library's family, against greedy and interchange."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components, dijkstra

from models_ml.optimisation.mediane import p_median
from models_ml.optimisation.mediane_depart import greedy, interchange
from models_ml.optimisation.mediane_table import build_table, value
from models_ml.optimisation.resultat import Plan

PRES = 1e-3

FORMES = (
    *[(100, p) for p in (5, 10, 10, 20, 33)],
    *[(200, p) for p in (5, 10, 20, 40, 67)],
    *[(300, p) for p in (5, 10, 30, 60, 100)],
    *[(400, p) for p in (5, 10, 40, 80, 133)],
    *[(500, p) for p in (5, 10, 50, 100, 167)],
    *[(600, p) for p in (5, 10, 60, 120, 200)],
    *[(700, p) for p in (5, 10, 70, 140)],
    *[(800, p) for p in (5, 10, 80)],
    *[(900, p) for p in (5, 10, 90)],
)


def draw_graph(n: int, seed: int) -> np.ndarray:
    """Shortest distances (n, n) of a connected graph of about n²/50 edges of whole lengths from 1 to 100.

    The shape described by Beasley, A note on solving large p-median problems, EJOR 21 (1985) 270-273.
    """
    rng = np.random.default_rng(seed)
    edges = n * n // 50
    while True:
        order = rng.permutation(n)
        tree = np.column_stack([order[1:], [order[rng.integers(0, k)] for k in range(1, n)]])
        more = rng.integers(0, n, (max(0, edges - n + 1), 2))
        pairs = np.concatenate([tree, more[more[:, 0] != more[:, 1]]])
        pairs = np.unique(np.sort(pairs, axis=1), axis=0)
        lengths = rng.integers(1, 101, len(pairs)).astype(float)
        graph = sparse.csr_matrix((lengths, (pairs[:, 0], pairs[:, 1])), (n, n))
        if connected_components(graph, directed=False)[0] == 1:
            return dijkstra(graph, directed=False)


@dataclass(frozen=True)
class Mesure:
    """One shape: seconds and objective of greedy with interchange, and our plan."""

    n: int
    p: int
    rapide_s: float
    rapide: float
    plan: Plan


def measure_mediane(formes=FORMES, time_limit: float = 300.0) -> list[Mesure]:
    """Each shape on a graph drawn from its rank, by both."""
    measures = []
    for rank, (n, p) in enumerate(formes):
        costs, weights = draw_graph(n, rank), np.ones(n)
        start = time.perf_counter()
        table = build_table(costs, weights, p)
        quick = value(table, interchange(table, greedy(table)))
        spent = time.perf_counter() - start
        measures.append(Mesure(n, p, spent, quick, p_median(costs, weights, p, time_limit=time_limit)))
    return measures


def bench_mediane(formes=FORMES) -> tuple[str, str, str, str, str]:
    """Row of the table of `make bench`: how many are proven, and how many greedy with interchange nearly reaches."""
    measures = measure_mediane(formes)
    proven = sum(one.plan.prouve for one in measures)
    near = sum(one.rapide <= one.plan.objectif * (1 + PRES) for one in measures)
    sizes = f"{min(one.n for one in measures)} à {max(one.n for one in measures)} sommets"
    return (
        f"p-médiane, {len(measures)} graphes de {sizes} (pair : glouton et échanges, sans preuve)",
        f"{sum(one.rapide_s for one in measures):.1f} s",
        f"{sum(one.plan.duree_s for one in measures):.1f} s",
        f"prouvés : {proven} sur {len(measures)} ; pair à 0,1 % près : {near}",
        "tous prouvés, ≤ 600 s",
    )
