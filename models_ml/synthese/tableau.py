"""Territories × indicators: one dated value each, at the millésime that all are compared on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from models_ml.synthese.lecture import Marts


@dataclass(frozen=True)
class Tableau:
    """Values of reference. Rows are `marts.territoires`, columns `marts.indicateurs`.

    Attributes:
        valeurs: (T, I), NaN where nothing is observed.
        couvertures: (T, I) share of the population observed, in %; NaN likewise.
        references: indicateur, millesime, date_donnees, couverture_france_pct, one row an indicator that has values.
        sens: (I,) +1 when more is better, -1 when less is.
        niveaux: (T,) level of each territory.
    """

    valeurs: np.ndarray
    couvertures: np.ndarray
    references: pl.DataFrame
    sens: np.ndarray
    niveaux: np.ndarray

    @cached_property
    def millesimes(self) -> np.ndarray:
        """Millésime of reference of each indicator, (I,), None without values."""
        names = np.full(self.valeurs.shape[1], None, dtype=object)
        names[self.references["indicateur"].to_numpy()] = self.references["millesime"].to_list()
        return names

    @cached_property
    def dates(self) -> np.ndarray:
        """Date of the data of each indicator, (I,) datetime64[D], NaT without values."""
        days = np.full(self.valeurs.shape[1], np.datetime64("NaT"), dtype="datetime64[D]")
        days[self.references["indicateur"].to_numpy()] = self.references["date_donnees"].to_numpy()
        return days

    def classables(self, minimum_pct: float) -> np.ndarray:
        """Values of the territories observed well enough to be ranked, (T, I); NaN elsewhere."""
        return np.where(self.couvertures >= minimum_pct, self.valeurs, np.nan)


def build_tableau(marts: Marts, minimum_pct: float) -> Tableau:
    """The table of reference; territories are never compared on figures of two dates."""
    references = choose_references(marts, minimum_pct)
    shape = (len(marts.territoires), len(marts.indicateurs))
    rows = marts.mesures.join(references.select("indicateur", "millesime"), on=["indicateur", "millesime"])
    where = rows["territoire"].to_numpy(), rows["indicateur"].to_numpy()
    values, coverage = np.full(shape, np.nan), np.full(shape, np.nan)
    values[where] = rows["valeur"].cast(pl.Float64).to_numpy()
    coverage[where] = rows["couverture_population_pct"].cast(pl.Float64).to_numpy()
    sense = np.where(marts.indicateurs["sens"].to_numpy() == "plus", 1.0, -1.0)
    return Tableau(values, coverage, references, sense, marts.niveaux)


def choose_references(marts: Marts, minimum_pct: float) -> pl.DataFrame:
    """The latest millésime that covers `minimum_pct` of the people of France, else the one that covers most."""
    (france,) = np.flatnonzero(marts.niveaux == "france")[:1] if (marts.niveaux == "france").any() else (-1,)
    known = marts.mesures.group_by("indicateur", "millesime").agg(pl.col("date_donnees").max())
    whole = marts.mesures.filter(pl.col("territoire") == int(france)).select(
        "indicateur", "millesime", pl.col("couverture_population_pct").alias("couverture_france_pct")
    )
    return (
        known.join(whole, on=["indicateur", "millesime"], how="left")
        .with_columns(pl.col("couverture_france_pct").fill_null(0.0), pl.col("date_donnees").cast(pl.Date))
        .with_columns((pl.col("couverture_france_pct") >= minimum_pct).alias("large"))
        .with_columns(pl.when("large").then(100.0).otherwise("couverture_france_pct").alias("ordre"))
        .sort("indicateur", "ordre", "date_donnees", "millesime")
        .group_by("indicateur", maintain_order=True)
        .last()
        .select("indicateur", "millesime", "date_donnees", "couverture_france_pct")
    )
