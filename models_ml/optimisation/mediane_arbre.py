"""Branch and bound over the sites, on the Lagrangian bound: proves a plan, or says how far the proof went.

Every node opens some sites and closes others; both shrink its table, then reduced costs fix more sites and drop the
pairs that no better plan can use. Beasley, A note on solving large p-median problems, EJOR 21 (1985) 270-273.
"""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, field, replace

import numpy as np

from models_ml.optimisation.mediane_depart import interchange, perturb
from models_ml.optimisation.mediane_relaxation import Relaxation
from models_ml.optimisation.mediane_table import Table, reduce_table, round_bound, value

RACINE = 3000
NOEUD = 40
SUPPORT = 0.01
SECOUSSES = 60
REPRISES = 10
MARGE_ENTIERE = 1e-3
UNITES = 10  # a gap of fewer units than that is closed whole, at little more time
TAILLE = 0.1
MAXN = False


@dataclass(order=True)
class Noeud:
    """Sites opened and closed, multipliers to start from, bound inherited."""

    bound: float
    rank: int
    opened: np.ndarray = field(compare=False)
    closed: np.ndarray = field(compare=False)
    multipliers: np.ndarray = field(compare=False)


class Arbre:
    """The search: `best` plan and its `value`, and `bound`, below which no plan is."""

    def __init__(self, table: Table, start, gap: float, deadline: float, rng: np.random.Generator):
        self.table, self.gap, self.deadline, self.rng = table, gap, deadline, rng
        self.best, self.value, self.bound, self.nodes = np.zeros(0, int), np.inf, -np.inf, 0
        self.root = table
        self.propose(start)

    @property
    def cutoff(self) -> float:
        """Plans at or above it are not looked for."""
        slack = 0.9 * self.gap * self.value
        if self.table.entier and slack < UNITES:
            return self.value - 1 + MARGE_ENTIERE
        return self.value - slack

    def propose(self, sites) -> None:
        """Keep the plan if it is the best met."""
        sites = np.unique(np.asarray(sites, int))
        found = value(self.table, sites)
        if found < self.value:
            self.best, self.value = sites, found

    def round(self, relax: Relaxation, opened) -> None:
        """Open the columns that the relaxation opens most often, then interchange within the node."""
        likely = np.argsort(-relax.part, kind="stable")[: min(relax.table.p, round(relax.part.sum()))]
        self.propose(np.concatenate([opened, interchange(relax.table, likely[relax.part[likely] > 0], self.deadline)]))
        if self.nodes == 1 and relax.bound < self.cutoff:
            support = np.union1d(np.flatnonzero(relax.part > SUPPORT), self.best)
            self._shake(support, relax.bound)

    def _shake(self, support: np.ndarray, bound: float) -> None:
        """Perturb the best plan, again while that helps and the bound does not meet it."""
        for _ in range(REPRISES):
            former = self.value
            self.propose(perturb(self.table, self.best, support, SECOUSSES, self.rng, self.deadline))
            if self.value >= former or bound >= self.cutoff:
                break

    def search(self, multipliers: np.ndarray) -> None:
        """Fill `bound`; ends when it meets the cutoff or at the deadline."""
        none = np.zeros(0, int)
        heap = [Noeud(-np.inf, 0, none, none, multipliers)]
        while heap and heap[0].bound < self.cutoff and time.perf_counter() < self.deadline:
            node = heapq.heappop(heap)
            for child in self.explore(node):
                if child.bound < self.cutoff:
                    heapq.heappush(heap, child)
        left = heap[0].bound if heap else np.inf
        bound = round_bound(self.table, min(left, self.cutoff))
        self.bound = self.value if bound >= self.value * (1 - 1e-9) else max(bound, 0.0)

    def explore(self, node: Noeud) -> list[Noeud]:
        """Bound the node, fix what can be, and split what remains."""
        self.nodes += 1
        opened, closed, lam, bound = node.opened, node.closed, node.multipliers, node.bound
        while True:
            table = self._table(opened, closed)
            spent = float(table.fixe[opened].sum())
            if _hopeless(table):
                return []
            relax = self._relax(table, opened, spent, lam)
            if relax.bound + spent < self.cutoff:
                self.round(relax, opened)
            lam, bound = relax.multipliers, max(bound, relax.bound + spent)
            if bound >= self.cutoff or relax.scores is None:
                return [Noeud(bound, node.rank, opened, closed, lam)]
            more_open, more_closed = fix_sites(relax, self.cutoff - spent)
            opened, closed = np.concatenate([opened, more_open]), np.concatenate([closed, more_closed])
            if not len(more_open) and len(more_closed) < 0.2 * table.libre.sum():
                break
        if time.perf_counter() > self.deadline:
            return [Noeud(bound, node.rank, opened, closed, lam)]
        if self.nodes == 1:
            self._shrink(closed, lam + max(self.cutoff - bound, 0.0))
        return self._split(relax, opened, closed, bound)

    def _relax(self, table: Table, opened, spent: float, lam) -> Relaxation:
        """The relaxation of a node; `spent` is what its open sites cost. The root takes the time to converge."""
        relax, root = Relaxation(table, lam), self.nodes == 1
        relax.run(
            lambda: self.value - spent,
            RACINE if root else NOEUD,
            self.deadline,
            lambda found: found + spent >= self.cutoff,
            lambda chosen: self.propose(np.concatenate([opened, chosen])),
            theta=1.0 if root else 0.3,
            patience=20 if root else 8,
        )
        return relax

    def _shrink(self, closed, limits: np.ndarray) -> None:
        """Forget, for all nodes to come, closed sites and pairs above what a row pays in any plan below the cutoff.

        A row i served at v adds (v - λ_i)⁺ to L(λ), so no better plan pays more than λ_i + cutoff - L(λ).
        """
        root = reduce_table(self.root, (), closed)
        keep = root.vals <= limits[root.rows]
        self.root = replace(root, rows=root.rows[keep], cols=root.cols[keep], vals=root.vals[keep])

    def _table(self, opened, closed) -> Table:
        return replace(reduce_table(self.root, opened, closed), p=self.table.p - len(opened))

    def _split(self, relax: Relaxation, opened, closed, bound) -> list[Noeud]:
        """Open, or close, the column whose share of openings is nearest to a half."""
        free = np.flatnonzero(relax.table.libre)
        if not len(free) or not relax.table.p:  # its only plan was proposed
            return []
        share = relax.part[free]
        site = free[[np.argmax(np.minimum(share, 1 - share))]]
        return [
            Noeud(bound, 2 * self.nodes, np.concatenate([opened, site]), closed, relax.multipliers),
            Noeud(bound, 2 * self.nodes + 1, opened, np.concatenate([closed, site]), relax.multipliers),
        ]


def _hopeless(table: Table) -> bool:
    """A row has nothing left to serve it."""
    served = np.isfinite(table.repli)
    served[table.rows] = True
    return not served.all()


def fix_sites(relax: Relaxation, cutoff: float) -> tuple[np.ndarray, np.ndarray]:
    """Columns that every plan below the cutoff opens, and columns that none opens, by reduced costs."""
    scores, p = relax.scores, relax.table.p
    order = np.argsort(scores, kind="stable")
    inside = order[:p][scores[order[:p]] < 0]
    chosen = np.zeros(len(scores), bool)
    chosen[inside] = True
    full = len(inside) == p
    last = scores[inside[-1]] if full and p else 0.0
    following = min(0.0, scores[order[p]]) if full and p < len(order) else 0.0
    closed = relax.table.libre & ~chosen & (relax.bound + np.maximum(scores - last, 0) >= cutoff)
    opened = chosen & (relax.bound - scores + following >= cutoff)
    return np.flatnonzero(opened), np.flatnonzero(closed)
