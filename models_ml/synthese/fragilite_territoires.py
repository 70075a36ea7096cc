"""Fragility above the commune: people who live in the most fragile fifth of communes, with its doubt; never a mean."""

from __future__ import annotations

import numpy as np
import polars as pl

from models_ml.synthese.lecture import Marts


def sum_up(marts: Marts, index: pl.DataFrame) -> pl.DataFrame:
    """One row a territory above the commune that has a commune with an index.

    The lower bound counts the communes that stay in the fifth over their whole interval, the upper one those that
    enter it somewhere in theirs.
    """
    people = marts.communes["population"].cast(pl.Float64).fill_null(0).to_numpy()
    rank, low, high = (index[name].cast(pl.Float64).to_numpy() for name in ("rang", "rang_bas", "rang_haut"))
    ranked = ~np.isnan(rank)
    limit = ranked.sum() / 5
    with np.errstate(invalid="ignore"):
        inside = {"basse": high <= limit, "part": rank <= limit, "haute": low <= limit}
    commune, territory = marts.pont["commune"].to_numpy(), marts.pont["territoire"].to_numpy()
    n = len(marts.territoires)

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(territory, values[commune], n)

    observed, members = total(people * ranked), total(ranked.astype(float))
    rows = np.flatnonzero((marts.niveaux != "commune") & (observed > 0))
    share = {name: 100 * total(people * flag)[rows] / observed[rows] for name, flag in inside.items()}
    return pl.DataFrame(
        {
            "territoire": rows.astype(np.int32),
            "nb_communes_classees": members[rows],
            "population_observee": observed[rows],
            "population_cinquieme": total(people * inside["part"])[rows],
            "part_cinquieme_pct": share["part"],
            "part_cinquieme_basse_pct": share["basse"],
            "part_cinquieme_haute_pct": share["haute"],
        }
    )
