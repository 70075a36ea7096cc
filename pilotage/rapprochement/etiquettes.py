"""Pairs labelled by hand, and what the model looks at of each of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import text

from pilotage.config import RACINE
from pilotage.database import get_engine
from pilotage.errors import ErreurEntrepot

ETIQUETTES = RACINE / "tests" / "data" / "lieux_etiquettes.csv"
CLES = ["source_a", "millesime_a", "id_a", "source_b", "millesime_b", "id_b"]
REQUETE = """
SELECT a.source AS source_a, a.millesime AS millesime_a, a.id_source AS id_a,
    b.source AS source_b, b.millesime AS millesime_b, b.id_source AS id_b, x.*
FROM {staging}.int_lieux_attributs AS x
INNER JOIN {staging}.int_lieux_localises AS a ON a.cle = x.cle_a
INNER JOIN {staging}.int_lieux_localises AS b ON b.cle = x.cle_b
"""

REUNIES = """
SELECT l.source, l.millesime, l.id_source, g.groupe
FROM {staging}.int_lieux_groupes AS g
INNER JOIN {staging}.int_lieux_localises AS l ON l.cle = g.cle
"""


@dataclass(frozen=True)
class Couples:
    """`n` labelled pairs: features (n, p), truth (n,), how many candidates each stands for (n,).

    `decide` is false for the pairs that a careful reading does not decide; their `y` says nothing.
    """

    attributs: list[str]
    x: np.ndarray
    y: np.ndarray
    poids: np.ndarray
    strate: np.ndarray
    decide: np.ndarray

    def part(self, garde: np.ndarray) -> Couples:
        """The pairs where `garde` is true."""
        arrays = (self.x, self.y, self.poids, self.strate, self.decide)
        return Couples(self.attributs, *(values[garde] for values in arrays))


def read_labels(path: Path = ETIQUETTES) -> pd.DataFrame:
    """The labelled pairs, all columns as text but the weight."""
    labels = pd.read_csv(path, dtype=str, keep_default_na=False)
    return labels.assign(poids=labels.poids.astype(float))


def load_pairs(staging: str, labels: pd.DataFrame) -> tuple[Couples, np.ndarray]:
    """Features of the labelled pairs in a generation's staging schema; and which are kept aside for the last test.

    Raises:
        ErreurEntrepot: a labelled pair is no longer a candidate.
    """
    return _join(labels, _read(REQUETE, staging))


def load_gathered(staging: str, labels: pd.DataFrame) -> np.ndarray:
    """True for the labelled pairs (n,) that ended in one place."""
    places = _read(REUNIES, staging).set_index(["source", "millesime", "id_source"]).groupe
    sides = [pd.MultiIndex.from_frame(labels[CLES[k : k + 3]]) for k in (0, 3)]
    first, second = (places.reindex(side).to_numpy(dtype=float) for side in sides)
    return first == second


def _read(query: str, staging: str) -> pd.DataFrame:
    if not re.fullmatch(r"\w+", staging):
        raise ErreurEntrepot(f"schéma « {staging} »", attendu="staging__g…")
    with get_engine().connect() as connection:
        return pd.DataFrame(connection.execute(text(query.format(staging=staging))).mappings().all())


def _join(labels: pd.DataFrame, found: pd.DataFrame) -> tuple[Couples, np.ndarray]:
    attributs = [c for c in found.columns if c not in (*CLES, "cle_a", "cle_b")]
    pairs = labels.merge(found, on=CLES, how="left")
    lost = pairs[pairs[attributs[0]].isna()]
    if len(lost):
        raise ErreurEntrepot(
            f"{len(lost)} couples étiquetés ne sont plus candidats, dont {' '.join(lost.iloc[0][CLES])}",
            attendu="les mêmes livraisons que lors de l'étiquetage",
            conseil="relire les règles de int_lieux_couples, ou étiqueter d'autres couples",
        )
    couples = Couples(
        attributs,
        pairs[attributs].astype(float).to_numpy(),
        (pairs.etiquette == "meme").to_numpy(),
        pairs.poids.to_numpy(),
        (pairs.blocage + pairs.tranche).to_numpy(),
        (pairs.etiquette != "indecidable").to_numpy(),
    )
    return couples, (pairs.part == "epreuve").to_numpy()
