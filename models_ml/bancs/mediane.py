"""p-median on graphs of the shape of OR-Library's family, against greedy and interchange."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components, dijkstra

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
