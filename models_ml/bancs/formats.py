"""Files of published families of location problems, in the formats in which they are published."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import dijkstra
from scipy.spatial.distance import cdist

from models_ml.bancs.jetons import Jetons

MEDIANE, CAPACITE, SIMPLE = "p-médiane", "p-médiane à capacités", "localisation simple"


@dataclass(frozen=True)
class Probleme:
    """costs (n, m); weights (n,) in the objective of a p-median, or what a row takes of a capacity.

    p None: to be given. capacities (m,) and fixed_costs (m,) where the family has them. connu: best value published
    in the file itself, if any.
    """

    nom: str
    genre: str
    costs: np.ndarray
    weights: np.ndarray
    p: int | None = None
    capacities: np.ndarray | None = None
    fixed_costs: np.ndarray | None = None
    connu: float | None = None


def read_orlib_pmed(path: Path, arrondi: bool = False) -> Iterator[Probleme]:
    """«n edges p», then «i j length» an edge; of a repeated edge the last length counts; costs are shortest paths."""
    words = Jetons(path)
    n, edges, p = words.whole("nombre de sommets", 1), words.whole("nombre d'arêtes", 0), words.whole("p", 0)
    lengths: dict[tuple[int, int], float] = {}
    for _ in range(edges):
        i, j = words.whole("sommet d'une arête", 1, n), words.whole("sommet d'une arête", 1, n)
        length = words.number("longueur d'une arête", 0)
        if i != j:
            lengths[min(i, j) - 1, max(i, j) - 1] = length
    words.end()
    ends = np.array(list(lengths), int).reshape(-1, 2)
    graph = sparse.csr_matrix((list(lengths.values()), (ends[:, 0], ends[:, 1])), (n, n))
    yield Probleme(path.stem, MEDIANE, dijkstra(graph, directed=False), np.ones(n), p)


def read_orlib_pmedcap(path: Path, arrondi: bool = False) -> Iterator[Probleme]:
    """Number of problems, then for each «number best», «n p capacity» and n lines «customer x y demand».

    A file of a single problem may lack the first line, or the first two. Distances are rounded down.
    """
    words = Jetons(path)
    head = words.width()
    number = words.whole("nombre de problèmes", 1) if head == 1 else 1
    for k in range(number):
        name, best = str(k + 1), None
        if head != 3:
            name, best = str(words.whole("numéro du problème", 0)), words.number("meilleure valeur connue")
        n, p, capacity = words.whole("nombre de clients", 1), words.whole("p", 0), words.number("capacité", 0)
        rows = np.array([_customer(words) for _ in range(n)])
        costs = np.floor(cdist(rows[:, :2], rows[:, :2]) + 1e-9)
        yield Probleme(
            f"{path.stem}-{name}", CAPACITE, costs, rows[:, 2], p, capacities=np.full(n, capacity), connu=best
        )
    words.end()


def _customer(words: Jetons) -> tuple[float, float, float]:
    words.whole("numéro du client", 0)
    return words.number("abscisse"), words.number("ordonnée"), words.number("demande", 0)


def read_sjc(path: Path, arrondi: bool = False) -> Iterator[Probleme]:
    """«n p», then n lines «x y capacity demand». Distances are not rounded, and count once whatever the demand."""
    words = Jetons(path)
    n, p = words.whole("nombre de points", 1), words.whole("p", 0)
    names = ("abscisse", "ordonnée", "capacité", "demande")
    rows = np.array([[words.number(name, None if name[0] in "ao" else 0) for name in names] for _ in range(n)])
    words.end()
    costs = cdist(rows[:, :2], rows[:, :2])
    yield Probleme(path.stem, CAPACITE, costs, rows[:, 3], p, capacities=rows[:, 2])


def read_tsplib(path: Path, arrondi: bool = False) -> Iterator[Probleme]:
    """Coordinates of a TSPLIB file of type EUC_2D; distances as they are, or to the nearest whole with `arrondi`."""
    words = Jetons(path)
    header = words.header("NODE_COORD_SECTION")
    kind = header.get("EDGE_WEIGHT_TYPE", "EUC_2D")
    if kind != "EUC_2D":
        raise words.error(f"distances de type {kind}", "EDGE_WEIGHT_TYPE : EUC_2D")
    if not header.get("DIMENSION", "").isdigit():
        raise words.error("dimension absente", "DIMENSION : nombre de points")
    points = []
    for _ in range(int(header["DIMENSION"])):
        words.whole("numéro du point", 0)
        points.append((words.number("abscisse"), words.number("ordonnée")))
    words.end("EOF")
    costs = cdist(np.array(points), np.array(points))
    yield Probleme(path.stem, MEDIANE, np.floor(costs + 0.5) if arrondi else costs, np.ones(len(points)))


def read_orlib_uflp(path: Path, arrondi: bool = False) -> Iterator[Probleme]:
    """«m n», m lines «capacity fixed_cost» (the capacity, or the word for it, is not used), then for each customer its
    demand and the m costs of serving all of it."""
    words = Jetons(path)
    m, n = words.whole("nombre de sites", 1), words.whole("nombre de clients", 1)
    fixed = np.zeros(m)
    for j in range(m):
        words.take("capacité")
        fixed[j] = words.number("coût d'ouverture", 0)
    costs = np.zeros((n, m))
    for i in range(n):
        words.number("demande", 0)
        costs[i] = [words.number("coût de desserte", 0) for _ in range(m)]
    words.end()
    yield Probleme(path.stem, SIMPLE, costs, np.ones(n), fixed_costs=fixed)


FORMATS: dict[str, Callable[[Path, bool], Iterator[Probleme]]] = {
    "orlib-pmed": read_orlib_pmed,
    "orlib-pmedcap": read_orlib_pmedcap,
    "sjc-cpmp": read_sjc,
    "tsplib-pmedian": read_tsplib,
    "uflp-orlib": read_orlib_uflp,
}
