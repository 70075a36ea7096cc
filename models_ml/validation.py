"""Does the similarity model hold where and for whom it has not learned? Leave one region out, then group by group."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

OUTRE_MER = {"01", "02", "03", "04", "06"}
OUVERTURES_MIN = 5
"""A score over fewer openings than this measures chance."""


def leave_one_region_out(make: Callable, train, test, regions: np.ndarray) -> list[tuple]:
    """For each region: learn on the others' past, rank that region's next openings. Rows of the evaluation table.

    Args:
        make: gives an unfitted model. train, test: windows (lignes, attributs, ouverte). regions: code of each commune.
    """
    rows, pooled = [], np.full(len(test.lignes), np.nan)
    for region in sorted({r for r in regions if isinstance(r, str)}):
        seen, judged = regions[train.lignes] != region, regions[test.lignes] == region
        if not judged.any() or not train.ouverte[seen].any():
            continue
        model = make().fit(train.attributs.to_numpy()[seen], train.ouverte[seen])
        pooled[judged] = model.predict_proba(test.attributs.to_numpy()[judged])[:, 1]
        truth = test.ouverte[judged]
        if truth.sum() >= OUVERTURES_MIN:
            score = average_precision_score(truth, pooled[judged])
            rows.append(("ressemblance", f"region_{region}", "precision_moyenne", float(score)))
        rows.append(("ressemblance", f"region_{region}", "ouvertures_observees", float(truth.sum())))
    known = np.isfinite(pooled)
    if test.ouverte[known].any():
        score = average_precision_score(test.ouverte[known], pooled[known])
        rows.append(("ressemblance", "regions_laissees", "precision_moyenne", float(score)))
    return rows


def groups_of(communes: pd.DataFrame) -> dict[str, pd.Series]:
    """The groups for which fairness is told, None where the group of a commune is unknown."""
    density, poverty = communes.niveau_densite, communes.score_pauvrete.rank(method="first")
    fifth = np.ceil(5 * poverty / max(1, poverty.notna().sum()))
    quarter = communes.population_qpv_pct
    return {
        "ruralite": density.map(lambda v: None if pd.isna(v) else ("urbain" if v <= 4 else "rural")),
        "pauvrete": fifth.map(lambda v: None if pd.isna(v) else f"cinquième {v:g}"),
        "qpv": quarter.map(lambda v: None if pd.isna(v) else ("avec quartier" if v > 0 else "sans quartier")),
        "outre_mer": communes.code_region.map(
            lambda r: ("outre-mer" if r in OUTRE_MER else "métropole") if isinstance(r, str) else None
        ),
    }


def fairness(
    communes: pd.DataFrame,
    test,
    scores: np.ndarray,
    chosen: dict[str, np.ndarray],
    gained: dict[str, np.ndarray],
    uncovered: np.ndarray,
) -> list[tuple]:
    """By group: how well the model ranks, whom it and the plan choose, and the share of the unserved each serves.

    Args:
        scores: of the test window's rows. chosen: communes each chooser opens. gained: bool (n,), communes then served.
        uncovered: people not served before, (n,).
    """
    rows = []
    for dimension, groups in groups_of(communes).items():
        game, names = f"equite_{dimension}", groups.to_numpy(object)
        for name in sorted({g for g in names if isinstance(g, str)}):
            mine = names == name
            truth = test.ouverte[mine[test.lignes]]
            if truth.sum() >= OUVERTURES_MIN:
                score = average_precision_score(truth, scores[mine[test.lignes]])
                rows.append(("ressemblance", game, f"{name}:precision_moyenne", float(score)))
            for who, communes_of in chosen.items():
                share = float(mine[communes_of].mean()) if len(communes_of) else np.nan
                rows.append((who, game, f"{name}:part_des_choix", share))
                total = uncovered[mine].sum()
                part = float(uncovered[mine & gained[who]].sum() / total) if total else np.nan
                rows.append((who, game, f"{name}:part_des_non_couverts", part))
    return rows
