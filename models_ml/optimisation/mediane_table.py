"""What a row pays at each site, as one flat table sorted by row then cost: the ground of the exact location models."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy import sparse

EPSILON = 1e-6


@dataclass(frozen=True)
class Table:
    """Pairs that may still serve, sorted by (row, value, column).

    rows, cols (k,) int32; vals (k,): weight × cost of the pair, below `repli` of its row. repli (n,): what the row
    pays if no site opens (the nearest open one), inf where nothing serves it. fixe (m,): cost of opening. p: sites
    that may open. libre (m,): columns that may open. entier: every value is a whole number, so is any objective.
    """

    rows: np.ndarray
    cols: np.ndarray
    vals: np.ndarray
    repli: np.ndarray
    fixe: np.ndarray
    libre: np.ndarray
    p: int
    entier: bool


def build_table(costs, weights, p: int, existing=(), fixed_costs=None) -> Table:
    """Table of weights[i] × costs[i, j]; rows of weight 0 cost nothing and ask for nothing.

    costs: ndarray (n, m), inf where forbidden, or scipy sparse (n, m) where an absent pair is forbidden and a written
    zero is a cost. ValueError for wrong shapes, a NaN, a negative cost or weight.
    """
    shape, rows, cols, vals = _pairs(costs)
    weights = np.asarray(weights, float)
    existing = np.unique(np.asarray(existing, int))
    fixed = np.zeros(shape[1]) if fixed_costs is None else np.asarray(fixed_costs, float)
    _check(shape, vals, weights, existing, fixed, p)
    asked = weights > 0
    keep = asked[rows]
    rows, cols, vals = rows[keep], cols[keep], vals[keep] * weights[rows[keep]]
    order = np.lexsort((cols, vals, rows)) if sparse.issparse(costs) else _sort_dense(rows, cols, vals, shape[0])
    libre = np.ones(shape[1], bool)
    whole = bool(np.all(vals == np.rint(vals)) and np.all(fixed == np.rint(fixed)))
    table = Table(
        rows[order], cols[order], vals[order], np.where(asked, np.inf, 0.0), fixed, libre, min(p, shape[1]), whole
    )
    return reduce_table(table, existing, ()) if len(existing) else table


def _pairs(costs) -> tuple[tuple[int, int], np.ndarray, np.ndarray, np.ndarray]:
    if sparse.issparse(costs):
        coo = costs.tocsr().tocoo()
        shape, rows, cols, vals = coo.shape, coo.row, coo.col, np.asarray(coo.data, float)
    else:
        costs = np.asarray(costs, float)
        if costs.ndim != 2:
            raise ValueError("costs: a matrix (n, m) is expected")
        shape = costs.shape
        rows = np.repeat(np.arange(shape[0], dtype=np.int32), shape[1])
        cols = np.tile(np.arange(shape[1], dtype=np.int32), shape[0])
        vals = costs.ravel()
    if np.isnan(vals).any() or (vals < 0).any():
        raise ValueError("costs: neither NaN nor a negative value has a meaning; a forbidden pair is inf or absent")
    keep = np.isfinite(vals)
    if keep.all():
        return shape, rows.astype(np.int32, copy=False), cols.astype(np.int32, copy=False), vals
    return shape, rows[keep].astype(np.int32), cols[keep].astype(np.int32), vals[keep]


def _sort_dense(rows: np.ndarray, cols: np.ndarray, vals: np.ndarray, n: int) -> np.ndarray:
    """Order by (row, value, column) of pairs that come by (row, column): one stable sort a row."""
    ends = np.searchsorted(rows, np.arange(n + 1))
    order = np.empty(len(rows), np.int64)
    for start, stop in pairwise(ends):
        order[start:stop] = start + np.argsort(vals[start:stop], kind="stable")
    return order


def _check(shape, vals, weights, existing, fixed, p) -> None:
    n, m = shape
    if weights.shape != (n,) or not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError(f"weights: ({n},) finite values, none negative, are expected")
    if fixed.shape != (m,) or not np.isfinite(fixed).all() or (fixed < 0).any():
        raise ValueError(f"fixed_costs: ({m},) finite values, none negative, are expected")
    if len(existing) and (existing[0] < 0 or existing[-1] >= m):
        raise ValueError(f"existing: columns from 0 to {m - 1} are expected")
    if p < 0:
        raise ValueError("p: at least 0")


def reduce_table(table: Table, opened, closed) -> Table:
    """Open some columns, close others; a pair that costs no less than an open site is of no use any more."""
    opened, closed = np.asarray(opened, int), np.asarray(closed, int)
    libre = table.libre.copy()
    libre[opened] = libre[closed] = False
    repli = table.repli
    if len(opened):
        repli = serve(table, opened)[0]
    keep = libre[table.cols] & (table.vals < repli[table.rows])
    return replace(table, rows=table.rows[keep], cols=table.cols[keep], vals=table.vals[keep], repli=repli, libre=libre)


def serve(table: Table, sites) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each row: what it pays, which of `sites` serves it (-1: none), what it would pay without that one."""
    is_open = np.zeros(len(table.fixe), bool)
    is_open[np.asarray(sites, int)] = True
    hits = np.flatnonzero(is_open[table.cols])
    rows = table.rows[hits]
    first = np.ones(len(hits), bool)
    first[1:] = rows[1:] != rows[:-1]
    starts = np.flatnonzero(first)
    paid, second = table.repli.copy(), table.repli.copy()
    by = np.full(len(paid), -1)
    paid[rows[starts]] = table.vals[hits[starts]]
    by[rows[starts]] = table.cols[hits[starts]]
    after = starts[starts + 1 < len(hits)] + 1
    after = after[~first[after]]
    second[rows[after]] = table.vals[hits[after]]
    return paid, by, second


def value(table: Table, sites) -> float:
    """Objective of opening `sites` (inf if a row stays unserved)."""
    return float(serve(table, sites)[0].sum() + table.fixe[np.asarray(sites, int)].sum())


def round_bound(table: Table, bound: float) -> float:
    """The bound, raised to the next whole number when every objective is one."""
    return (
        float(np.ceil(bound - EPSILON * max(1.0, abs(bound) * 1e-6))) if table.entier and np.isfinite(bound) else bound
    )
