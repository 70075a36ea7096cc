"""The rows of each table of the synthesis, made by blocks as they are written: no large one is whole in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl

from models_ml.synthese.calcul import Synthese
from models_ml.synthese.enjeux import with_reasons
from models_ml.synthese.fragilite_territoires import sum_up

BLOC = 100_000
Lignes = Callable[[], Iterator[pl.DataFrame]]


def declare_rows(result: Synthese) -> dict[str, Lignes]:
    """How to make the rows of each table, by its name, in the order of its key."""
    fragile, place = result.fragilite, pl.format("commune:{}", "code_commune").alias("cle_territoire")
    index = fragile.indice.with_columns(place, pl.col("composantes_manquantes").replace("", None))
    return {
        "profils": lambda: iter([_profils(result)]),
        "pairs": lambda: _pairs(result),
        "reperes": lambda: iter([_reperes(result)]),
        "comparaisons": lambda: _comparaisons(result),
        "fragilite": lambda: iter([index]),
        "fragilite_territoires": lambda: _named(result, sum_up(result.marts, fragile.indice)),
        "fragilite_composantes": lambda: iter([fragile.composantes.with_columns(place)]),
        "fragilite_definitions": lambda: iter([fragile.definitions]),
        "fragilite_correlations": lambda: iter([fragile.correlations]),
        "fragilite_incertitude": lambda: iter([fragile.incertitude]),
        "enjeux_prioritaires": lambda: (with_reasons(block, result.marts) for block in _named(result, result.enjeux)),
        "suivi": lambda: _named(result, result.suivi),
    }


def _named(result: Synthese, frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Blocks of a frame whose territories and indicators get their keys back from their row numbers."""
    keys, codes = result.marts.territoires["cle_territoire"], result.marts.indicateurs["code_indicateur"]
    for block in frame.iter_slices(BLOC) if len(frame) else ():
        named = block.with_columns(keys.gather(block["territoire"]).alias("cle_territoire"))
        if "indicateur" in block.columns:
            named = named.with_columns(codes.gather(block["indicateur"]).alias("code_indicateur"))
        yield named


def _profils(result: Synthese) -> pl.DataFrame:
    size, density, age, income, rurality = result.pairs.profils.T
    return pl.DataFrame(
        {
            "cle_territoire": result.marts.territoires["cle_territoire"],
            "population": np.round(10**size),
            "densite_hab_km2": 10**density,
            "part_65_ans_pct": age,
            "niveau_de_vie_eur": income,
            "niveau_densite": rurality,
            "est_singulier": result.pairs.eloignes,
        }
    ).with_columns(pl.col(pl.Float64).fill_nan(None))


def _pairs(result: Synthese) -> Iterator[pl.DataFrame]:
    keys = result.marts.territoires["cle_territoire"]
    neighbours, distances = result.pairs.voisins, result.pairs.distances
    for start in range(0, len(keys), BLOC // 20):
        territory, rank = np.nonzero(neighbours[start : start + BLOC // 20] >= 0)
        at = territory + start, rank
        yield pl.DataFrame(
            {
                "cle_territoire": keys.gather(at[0]),
                "rang": (rank + 1).astype(np.int16),
                "cle_pair": keys.gather(neighbours[at]),
                "distance": distances[at],
            }
        )


def _comparaisons(result: Synthese) -> Iterator[pl.DataFrame]:
    values, compared = result.tableau.valeurs, result.comparaisons
    names = ("rang_pairs", "nb_pairs", "quantile_pairs", "mediane_pairs", "rang_france", "nb_france", "quantile_france")
    vintages = pl.Series(result.tableau.millesimes.tolist(), dtype=pl.String)
    for start in range(0, len(values), BLOC // 20):
        territory, indicator = np.nonzero(~np.isnan(values[start : start + BLOC // 20]))
        at = territory + start, indicator
        frame = pl.DataFrame(
            {
                "territoire": at[0].astype(np.int32),
                "indicateur": indicator.astype(np.int32),
                "millesime": vintages.gather(indicator),
                "valeur": values[at],
                **{name: getattr(compared, name)[at] for name in names},
            }
        )
        yield from _named(result, frame.with_columns(pl.col(pl.Float64).fill_nan(None)))


def _reperes(result: Synthese) -> pl.DataFrame:
    codes, levels = result.marts.indicateurs["code_indicateur"].to_list(), result.tableau.niveaux
    members = {level: np.flatnonzero(levels == level) for level in np.unique(levels)}
    rows = []
    for reference in result.tableau.references.sort("indicateur").iter_rows(named=True):
        values = result.tableau.valeurs[:, reference["indicateur"]]
        for level, inside in members.items():
            known = values[inside]
            known = known[~np.isnan(known)]
            if not len(known):
                continue
            low, first, middle, last, high = np.quantile(known, (0, 0.25, 0.5, 0.75, 1))
            rows.append(
                {
                    "niveau": level, "code_indicateur": codes[reference["indicateur"]],
                    "millesime": reference["millesime"], "date_donnees": reference["date_donnees"],
                    "couverture_france_pct": reference["couverture_france_pct"], "nb_territoires": len(known),
                    "minimum": low, "premier_quart": first, "mediane": middle, "dernier_quart": last, "maximum": high,
                }
            )  # fmt: skip
    return pl.DataFrame(rows)
