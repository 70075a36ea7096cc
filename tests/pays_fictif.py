"""A small made-up country as the synthesis reads it: sixty communes and France, three indicators, three dates."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from models_ml.synthese.lecture import Marts

N = 60
OWN = {
    "priorites": {"territoire": pl.Int32, "code_action": pl.String, "poids": pl.Float64},
    "objectifs": {
        "territoire": pl.Int32,
        "indicateur": pl.Int32,
        "date_objectif": pl.Date,
        "valeur_cible": pl.Float64,
        "origine": pl.String,
    },
}
IFN = ("total", "thd", "4g", "pauvrete", "65_ans", "diplome")


def country(priorites: list | None = None, objectifs: list | None = None) -> Marts:
    """Sixty communes and France; two indicators of one action, one of another, three dates for the first."""
    rng = np.random.default_rng(1)
    people = np.round(rng.lognormal(7, 1, N))
    codes = [f"{i:05d}" for i in range(1, N + 1)]
    territories = pl.DataFrame(
        {
            "cle_territoire": [f"commune:{c}" for c in codes] + ["france:FR"],
            "niveau": ["commune"] * N + ["france"],
            "code_territoire": [*codes, "FR"],
            "nom_territoire": [*codes, "France"],
            "population": [*people, people.sum()],
            "superficie_km2": np.append(rng.uniform(5, 40, N), 1000.0),
        }
    )
    indicators = pl.DataFrame(
        {
            "code_indicateur": ["couvert", "eloigne", "lieux", "sans_donnee"],
            "code_action": ["reseau", "reseau", "aide", "vide"],
            "libelle": ["Locaux couverts", "Population éloignée", "Lieux", "Sans donnée"],
            "unite": ["%", "% de la population", "lieux pour 10 000 habitants", "%"],
            "sens": ["plus", "moins", "plus", "plus"],
            "cible": [100.0, None, None, 50.0],
            "cible_date": [dt.date(2025, 12, 31), None, None, None],
            "cible_origine": ["Plan national", None, None, "Plan national"],
        },
        schema_overrides={"cible_date": pl.Date},
    )
    rows = []
    for i in range(N + 1):
        for year, value in ((2021, 20 + i / 2), (2022, 30 + i / 2), (2023, 40 + i / 2)):
            rows.append((i, 0, str(year), f"{year}-12-31", value))
        rows.append((i, 1, "2023", "2023-06-30", 100.0 - i))
        rows.append((i, 2, "2023", "2023-06-30", float(i % 7)))
    measures = pl.DataFrame(
        rows, schema=["territoire", "indicateur", "millesime", "date_donnees", "valeur"], orient="row"
    ).with_columns(
        pl.col("date_donnees").str.to_date(), pl.col("territoire", "indicateur").cast(pl.Int32),
        pl.lit(100.0).alias("couverture_population_pct"),
    )  # fmt: skip
    communes = pl.DataFrame({"code_commune": codes, "population": people, "niveau_densite": rng.integers(1, 8, N)})
    homes = np.round(people / 2)
    communes = communes.with_columns(
        pl.Series("revenu_median_eur", rng.normal(22_000, 3_000, N)),
        pl.lit(None, pl.Float64).alias("taux_pauvrete_pct"),
        pl.Series("part_65_ans_pct", rng.uniform(10, 40, N)),
        pl.Series("part_peu_diplomes_pct", rng.uniform(20, 60, N)),
        pl.Series("menages_fiscaux", homes), pl.Series("population_recensee", people),
        pl.Series("population_15_64", people * 0.6), pl.Series("actifs_15_64", people * 0.4),
        pl.Series("chomeurs_15_64", people * rng.uniform(0.02, 0.09, N)), pl.Series("locaux", homes),
        pl.Series("locaux_30_et_plus", homes * rng.uniform(0, 1, N)), pl.Series("locaux_recents", homes),
        pl.Series("locaux_fibre", homes * rng.uniform(0.3, 1, N)),
        *(pl.Series(f"score_{n}", rng.uniform(0, 10, N)) for n in IFN),
    )  # fmt: skip
    bridge = pl.DataFrame({"commune": list(range(N)) * 2, "territoire": [*range(N), *[N] * N]})
    return Marts(
        territories,
        indicators,
        _actions(),
        measures,
        communes,
        bridge.cast(pl.Int32),
        pl.DataFrame(priorites or [], schema=OWN["priorites"], orient="row"),
        pl.DataFrame(objectifs or [], schema=OWN["objectifs"], orient="row"),
    )


def _actions() -> pl.DataFrame:
    codes = ["reseau", "aide", "vide"]
    return pl.DataFrame({"code_action": codes, "code_axe": ["a"] * 3, "libelle": codes, "ordre": [1, 2, 3]})
