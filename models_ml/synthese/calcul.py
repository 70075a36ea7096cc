"""The whole synthesis of a generation, from its marts to the schema `synthese`."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from models_ml.calcul import Chrono
from models_ml.synthese.cibles import Cibles, read_cibles
from models_ml.synthese.comparaisons import Comparaisons, compare
from models_ml.synthese.enjeux import measure_gravity, rank_actions
from models_ml.synthese.fragilite import Fragilite, compute_fragilite
from models_ml.synthese.fragilite_territoires import sum_up
from models_ml.synthese.lecture import Marts
from models_ml.synthese.pairs import Pairs, compute_pairs
from models_ml.synthese.parametres import Parametres, load_parametres
from models_ml.synthese.suivi import follow
from models_ml.synthese.tableau import Tableau, build_tableau


@dataclass(frozen=True)
class Synthese:
    """Everything computed on one generation; rows follow `marts.territoires` and `marts.communes`."""

    marts: Marts
    tableau: Tableau
    pairs: Pairs
    comparaisons: Comparaisons
    cibles: Cibles
    fragilite: Fragilite
    enjeux: pl.DataFrame
    suivi: pl.DataFrame
    durees: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class RapportSynthese:
    """What a run did, for the journal of the night."""

    generation: str
    lignes: int
    lignes_par_table: dict[str, int]
    secondes: float
    durees: dict[str, float]


def compute(marts: Marts, choix: Parametres | None = None) -> Synthese:
    """Peers, ranks, fragility, stakes and follow-up; pure, same marts, same result."""
    choix, chrono = choix or load_parametres(), Chrono()
    tableau = build_tableau(marts, choix.comparaisons.couverture_minimale_pct)
    pairs = compute_pairs(marts, choix.pairs)
    chrono.mark("pairs")
    compared = compare(tableau, pairs, choix)
    chrono.mark("comparaisons")
    fragile = compute_fragilite(marts.communes, choix)
    chrono.mark("fragilite")
    cibles = read_cibles(marts)
    gravity = measure_gravity(marts, tableau, compared, cibles.valeurs, choix.enjeux)
    stakes = rank_actions(marts, tableau, compared, gravity, cibles.valeurs, choix.enjeux)
    chrono.mark("enjeux")
    followed = follow(marts, pairs, cibles, choix)
    chrono.mark("suivi")
    return Synthese(marts, tableau, pairs, compared, cibles, fragile, stakes, followed, chrono.durees)


def synthesise(generation: str) -> RapportSynthese:
    """Compute the synthesis of a generation under construction and write its schema `synthese`.

    Writing again for the same generation replaces the same tables by the same rows.
    """
    from models_ml.synthese.ecriture import write_synthese
    from models_ml.synthese.lecture import load_marts

    start, chrono = time.perf_counter(), Chrono()
    marts = load_marts(generation)
    chrono.mark("lecture")
    result = compute(marts)
    chrono.mark("calcul")
    rows = write_synthese(generation, build_frames(result))
    chrono.mark("ecriture")
    seconds = round(time.perf_counter() - start, 2)
    return RapportSynthese(generation, sum(rows.values()), rows, seconds, {**result.durees, **chrono.durees})


def build_frames(result: Synthese) -> dict[str, pl.DataFrame]:
    """The rows of each table, by its name, in the order of its key."""
    keys, codes = result.marts.territoires["cle_territoire"], result.marts.indicateurs["code_indicateur"]

    def named(frame: pl.DataFrame) -> pl.DataFrame:
        if frame.is_empty():
            return frame
        frame = frame.with_columns(keys.gather(frame["territoire"]).alias("cle_territoire"))
        if "indicateur" in frame.columns:
            frame = frame.with_columns(codes.gather(frame["indicateur"]).alias("code_indicateur"))
        return frame

    place = pl.format("commune:{}", "code_commune").alias("cle_territoire")
    fragile = result.fragilite
    return {
        "profils": _profils(result),
        "pairs": _pairs(result),
        "reperes": _reperes(result),
        "comparaisons": named(_comparaisons(result)),
        "fragilite": fragile.indice.with_columns(place, pl.col("composantes_manquantes").replace("", None)),
        "fragilite_territoires": named(sum_up(result.marts, fragile.indice)),
        "fragilite_composantes": fragile.composantes.with_columns(place),
        "fragilite_definitions": fragile.definitions,
        "fragilite_correlations": fragile.correlations,
        "fragilite_incertitude": fragile.incertitude,
        "enjeux_prioritaires": named(result.enjeux.drop("code_indicateur", strict=False)),
        "suivi": named(result.suivi),
    }


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


def _pairs(result: Synthese) -> pl.DataFrame:
    keys = result.marts.territoires["cle_territoire"]
    territory, rank = np.nonzero(result.pairs.voisins >= 0)
    return pl.DataFrame(
        {
            "cle_territoire": keys.gather(territory),
            "rang": (rank + 1).astype(np.int16),
            "cle_pair": keys.gather(result.pairs.voisins[territory, rank]),
            "distance": result.pairs.distances[territory, rank],
        }
    )


def _comparaisons(result: Synthese) -> pl.DataFrame:
    territory, indicator = np.nonzero(~np.isnan(result.tableau.valeurs))
    at, compared = (territory, indicator), result.comparaisons
    names = ("rang_pairs", "nb_pairs", "quantile_pairs", "mediane_pairs", "rang_france", "nb_france", "quantile_france")
    vintages = pl.Series(result.tableau.millesimes.tolist(), dtype=pl.String)
    return pl.DataFrame(
        {
            "territoire": territory.astype(np.int32),
            "indicateur": indicator.astype(np.int32),
            "millesime": vintages.gather(indicator),
            "valeur": result.tableau.valeurs[at],
            **{name: getattr(compared, name)[at] for name in names},
        }
    ).with_columns(pl.col(pl.Float64).fill_nan(None))


def _reperes(result: Synthese) -> pl.DataFrame:
    codes = result.marts.indicateurs["code_indicateur"].to_list()
    rows = []
    for reference in result.tableau.references.sort("indicateur").iter_rows(named=True):
        values = result.tableau.valeurs[:, reference["indicateur"]]
        for level in np.unique(result.tableau.niveaux):
            known = values[(result.tableau.niveaux == level) & ~np.isnan(values)]
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
