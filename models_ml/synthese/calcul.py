"""The whole synthesis of a generation, from its marts to the schema `synthese`."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import polars as pl

from models_ml.calcul import Chrono
from models_ml.synthese.cibles import Cibles, read_cibles
from models_ml.synthese.comparaisons import Comparaisons, compare
from models_ml.synthese.enjeux import measure_gravity, rank_actions
from models_ml.synthese.fragilite import Fragilite, compute_fragilite
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
    from models_ml.synthese.lignes import declare_rows

    start, chrono = time.perf_counter(), Chrono()
    marts = load_marts(generation)
    chrono.mark("lecture")
    result = compute(marts)
    chrono.mark("calcul")
    rows = write_synthese(generation, declare_rows(result))
    chrono.mark("ecriture")
    seconds = round(time.perf_counter() - start, 2)
    return RapportSynthese(generation, sum(rows.values()), rows, seconds, {**result.durees, **chrono.durees})
