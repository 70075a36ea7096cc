"""Targets: those that public texts fix, and those that a territory fixes for itself, which come first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from models_ml.synthese.lecture import Marts

TEXTE_PUBLIC = "texte public"


@dataclass(frozen=True)
class Cibles:
    """Each (T, I): value (NaN when none), day (NaT when not dated), origin (None when none)."""

    valeurs: np.ndarray
    dates: np.ndarray
    origines: np.ndarray


def read_cibles(marts: Marts) -> Cibles:
    """A territory's own target replaces the public one; of several, the one that is due last."""
    shape = (len(marts.territoires), len(marts.indicateurs))
    national = marts.indicateurs
    values = np.tile(national["cible"].cast(pl.Float64).fill_null(float("nan")).to_numpy(), (shape[0], 1))
    days = np.tile(national["cible_date"].cast(pl.Date).to_numpy().astype("datetime64[D]"), (shape[0], 1))
    origins = np.tile(np.array(national["cible_origine"].to_list(), dtype=object), (shape[0], 1))
    own = marts.objectifs.sort("date_objectif", nulls_last=False)
    for row in own.iter_rows(named=True):
        at = row["territoire"], row["indicateur"]
        values[at] = row["valeur_cible"]
        days[at] = np.datetime64(row["date_objectif"] or "NaT", "D")
        origins[at] = row["origine"] or "objectif du territoire"
    return Cibles(values, days, origins)
