"""Travel times given rather than estimated: a table of minutes between communes, from a file or a road engine."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from models_ml.deplacements import Lieux
from models_ml.donnees import DISTANCIER
from pilotage.errors import ErreurRecommandation

COLONNES = DISTANCIER
METHODE = "distancier"


@dataclass(frozen=True)
class Distancier:
    """Minutes of pairs of communes, by key origin·n + destination, ascending; a trip within a commune may be given."""

    n: int
    cles: np.ndarray
    minutes: np.ndarray

    @classmethod
    def build(cls, frame: pd.DataFrame, index, n: int) -> Distancier:
        """index: codes -> positions; pairs of communes unknown today are left out. A pair given one way serves both."""
        i, j = index(frame.code_origine), index(frame.code_destination)
        known = (i >= 0) & (j >= 0)
        i, j, time = i[known].astype(np.int64), j[known].astype(np.int64), frame.minutes.to_numpy(float)[known]
        keys, first = np.unique(np.concatenate([i * n + j, j * n + i]), return_index=True)
        return cls(n, keys, np.concatenate([time, time])[first])

    def look_up(self, origins: np.ndarray, destinations: np.ndarray) -> np.ndarray:
        """Minutes of each pair of commune positions, NaN where the table says nothing."""
        keys = origins.astype(np.int64) * self.n + destinations
        at = np.minimum(np.searchsorted(self.cles, keys), max(len(self.cles) - 1, 0))
        found = (self.cles[at] == keys) & (destinations >= 0) if len(self.cles) else np.zeros(len(keys), bool)
        return np.where(found, self.minutes[at] if len(self.cles) else np.nan, np.nan)

    def replace(self, table: sparse.csr_matrix, origins: Lieux, targets: Lieux, limit: float) -> sparse.csr_matrix:
        """The table with the given minutes instead of the estimated ones, up to `limit`; other pairs keep theirs."""
        rows = np.repeat(np.arange(table.shape[0]), np.diff(table.indptr))
        given = self.look_up(origins.commune[rows], targets.commune[table.indices])
        minutes = np.where(np.isnan(given), table.data, given)
        keep = minutes <= limit
        pointers = np.concatenate([[0], np.cumsum(np.bincount(rows[keep], minlength=table.shape[0]))])
        return sparse.csr_matrix((minutes[keep], table.indices[keep], pointers), shape=table.shape)


def read_distancier(path: Path) -> pd.DataFrame:
    """A CSV file (`,` or `;`) of columns code_origine, code_destination, minutes; others are left alone.

    Raises:
        ErreurRecommandation: unreadable, a column is absent, or a line has a blank, negative or double value; file,
            line and column are named.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            first = lines.readline()
            lines.seek(0)
            reader = csv.DictReader(lines, delimiter=";" if first.count(";") > first.count(",") else ",")
            absent = [name for name in COLONNES if name not in (reader.fieldnames or [])]
            if absent:
                raise ErreurRecommandation(
                    "colonne absente", fichier=path.name, ligne=1, colonne=absent[0], attendu=", ".join(COLONNES)
                )
            rows = [_row(path, reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError) as error:
        raise ErreurRecommandation(
            "distancier illisible", fichier=str(path), attendu="un fichier CSV en UTF-8", conseil="vérifier le chemin"
        ) from error
    frame = pd.DataFrame(rows, columns=[*COLONNES, "ligne"])
    twice = frame[frame.duplicated(["code_origine", "code_destination"])]
    if len(twice):
        pair = f"{twice.iloc[0].code_origine} → {twice.iloc[0].code_destination}"
        raise ErreurRecommandation(f"trajet {pair} en double", fichier=path.name, ligne=int(twice.iloc[0].ligne))
    return frame[list(COLONNES)]


def _row(path: Path, line: int, row: dict[str, str]) -> tuple:
    for name in COLONNES[:2]:
        if len((row[name] or "").strip()) != 5:
            raise ErreurRecommandation(
                f"« {row[name]} » n'est pas un code de commune", fichier=path.name, ligne=line, colonne=name,
                attendu="cinq caractères, zéros compris",
            )  # fmt: skip
    try:
        minutes = float((row["minutes"] or "").replace(",", "."))
    except ValueError:
        minutes = np.nan
    if not (np.isfinite(minutes) and minutes >= 0):
        raise ErreurRecommandation(
            f"« {row['minutes']} » n'est pas une durée", fichier=path.name, ligne=line, colonne="minutes",
            attendu="un nombre de minutes, positif ou nul ; ôter la ligne d'un trajet inconnu",
        )  # fmt: skip
    return row["code_origine"].strip(), row["code_destination"].strip(), minutes, line
