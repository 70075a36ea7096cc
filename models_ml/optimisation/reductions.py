"""Exact reductions of a covering instance: the smaller instance has the same optimum, column names kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

BLOC = 2000


@dataclass(frozen=True)
class Instance:
    """A covering instance: cover csr bool-like (r, c), weights (r,), groups (r,) int, columns (c,) original indices."""

    cover: sparse.csr_matrix
    weights: np.ndarray
    groups: np.ndarray
    columns: np.ndarray


def membership(n: int, row_sets: list[np.ndarray]) -> np.ndarray:
    """For each of n rows, a label shared by the rows that belong to the same of the given sets; int (n,)."""
    table = np.zeros((n, len(row_sets)), bool)
    for k, rows in enumerate(row_sets):
        table[rows, k] = True
    return np.unique(table, axis=0, return_inverse=True)[1].reshape(n) if row_sets else np.zeros(n, int)


def merge_rows(instance: Instance) -> Instance:
    """Rows with the same candidates and the same group become one, whose weight is their sum; rows without go."""
    cover = instance.cover
    cover.sort_indices()
    first: dict[bytes, int] = {}
    target = np.full(cover.shape[0], -1)
    kept: list[int] = []
    for row in range(cover.shape[0]):
        columns = cover.indices[cover.indptr[row] : cover.indptr[row + 1]]
        if not len(columns):
            continue
        key = columns.tobytes() + int(instance.groups[row]).to_bytes(8, "little")
        if key not in first:
            first[key] = len(kept)
            kept.append(row)
        target[row] = first[key]
    used = target >= 0
    weights = np.bincount(target[used], weights=instance.weights[used], minlength=len(kept))
    return Instance(cover[kept], weights, instance.groups[kept], instance.columns)


def drop_dominated_columns(instance: Instance) -> Instance:
    """Keep a column only if no other covers all that it covers; among equals the first stays.

    Right for any plan that limits the number of sites: replacing a dominated site never loses coverage, nor a floor.
    """
    by_column = instance.cover.tocsc()
    size = np.diff(by_column.indptr)
    keep = size > 0
    counts = sparse.csc_matrix((np.ones(by_column.nnz, np.int32), by_column.indices, by_column.indptr), by_column.shape)
    whole = counts.tocsr()
    for start in range(0, counts.shape[1], BLOC):
        stop = min(start + BLOC, counts.shape[1])
        shared = (counts[:, start:stop].T @ whole).tocoo()
        j, k = shared.row + start, shared.col
        inside = (shared.data == size[j]) & (j != k) & ((size[k] > size[j]) | (k < j))
        keep[j[inside]] = False
    kept = np.flatnonzero(keep)
    return Instance(by_column[:, kept].tocsr(), instance.weights, instance.groups, instance.columns[kept])


def reduce_instance(instance: Instance) -> Instance:
    """Alternate both reductions until neither removes anything."""
    while True:
        shape = instance.cover.shape
        instance = drop_dominated_columns(merge_rows(instance))
        if instance.cover.shape == shape:
            return instance
