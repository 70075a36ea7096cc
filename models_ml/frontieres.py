"""What each further site would bring to a territory: the frontier that a planner walks with a budget.

Sites are added one at a time, each where it brings the most people under the threshold, so that a larger budget keeps
the sites of a smaller one. This greedy order gains at least 1 - 1/e of what any plan of as many sites gains
(Nemhauser, Wolsey and Fisher 1978); the bound of each size is measured, not assumed: for every set S of the order, no
plan of k sites covers more than f(S) plus the k largest gains that remain after S.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import sparse

from models_ml.contexte import Contexte
from models_ml.donnees import Donnees
from models_ml.mesures import minutes_between
from models_ml.offre import Acces
from models_ml.services import Service

NIVEAUX = {
    "epci": "siren_epci",
    "crte": "code_crte",
    "bassin_vie": "code_bassin_vie",
    "departement": "code_departement",
    "region": "code_region",
    "france": None,
}
SITES_AU_PLUS = {"france": 100, "region": 40}
SITES_PAR_DEFAUT = 20
COLONNES = ("cle_territoire", "rang", "code_commune", "population_gagnee", "population_couverte", "borne", "ecart")


def trace_frontiers(donnees: Donnees, acces: Acces, contexte: Contexte, service: Service) -> pd.DataFrame:
    """The frontier of every territory above the commune where some people are beyond the service's threshold.

    People of the territory count, sites open in it, and the places of its neighbours already serve. A commune under
    two CRTE counts in the one that dim_communes holds.

    Returns:
        One row a territory and rank, columns COLONNES: people in number, `borne` the most that any plan of `rang`
        sites could cover, `ecart` = (borne - population_couverte) / population_couverte.
    """
    communes = donnees.communes
    people = np.nan_to_num(communes.population.to_numpy())
    with np.errstate(invalid="ignore"):
        served = acces.temps <= service.seuil_min
    rows = np.flatnonzero(~served & (people > 0))
    columns = np.flatnonzero(people >= service.population_candidate_min)
    cover = minutes_between(contexte, rows, columns, service.seuil_min)
    cover.data[:] = 1.0
    lines: list[tuple] = []
    for niveau, column in NIVEAUX.items():
        for code, members in _groups(communes, column):
            inside = np.isin(rows, members)
            if not inside.any():
                continue
            here = np.isin(columns, members)
            part = cover[inside][:, here]
            already = float(people[members][served[members]].sum())
            most = SITES_AU_PLUS.get(niveau, SITES_PAR_DEFAUT)
            steps = grow(part, people[rows[inside]], people[columns[here]], most)
            codes = communes.code_commune.to_numpy()[columns[here]]
            lines += [(f"{niveau}:{code}", *line) for line in _lines(steps, codes, already)]
    return pd.DataFrame(lines, columns=COLONNES)


def _groups(communes: pd.DataFrame, column: str | None) -> Iterator[tuple[str, np.ndarray]]:
    """Code of each territory of a level and the indices of its communes, by code."""
    if column is None:
        yield "FR", np.arange(len(communes))
    elif column in communes:
        for code, members in sorted(communes.groupby(column).indices.items()):
            yield str(code), members


def grow(cover: sparse.csr_matrix, weights: np.ndarray, size: np.ndarray, most: int) -> tuple[list, np.ndarray]:
    """Greedy order of the columns of `cover` and the bound of each size.

    Args:
        cover: people's rows (r) by candidates (c), stored where a candidate serves a row. weights: people (r,).
        size: people of each candidate (c,): at equal gain the largest town is chosen, then the first.
        most: number of sites to stop at; a site that brings nobody is never added.

    Returns:
        [(column, people gained)] in order, and bounds (k,) on the people gained by any plan of 1, 2, … k sites.
    """
    left, by_column = weights.astype(float).copy(), cover.tocsc()
    gains = by_column.T @ left
    order: list[tuple[int, float]] = []
    reached, bound = 0.0, np.full(most, left.sum())
    while True:
        top = np.sort(gains)[::-1][:most]
        ceiling = np.full(most, top.sum())
        ceiling[: len(top)] = np.cumsum(top)
        bound = np.minimum(bound, reached + ceiling)
        if len(order) == most or not len(gains) or gains.max() <= 0:
            break
        best = np.flatnonzero(gains == gains.max())
        site = int(best[np.argmax(size[best])])
        order.append((site, float(gains[site])))
        reached += float(gains[site])
        rows = by_column.indices[by_column.indptr[site] : by_column.indptr[site + 1]]
        rows = rows[left[rows] > 0]
        gains = gains - cover[rows].T @ left[rows]
        left[rows] = 0.0
        gains[np.abs(gains) < 1e-9] = 0.0
    return order, bound[: len(order)]


def _lines(steps: tuple[list, np.ndarray], codes: np.ndarray, already: float) -> Iterator[tuple]:
    covered = already
    for rank, ((site, gained), bound) in enumerate(zip(*steps, strict=True), start=1):
        covered += gained
        most = max(already + float(bound), covered)
        yield rank, codes[site], round(gained), round(covered), round(most), (most - covered) / covered
