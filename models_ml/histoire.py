"""What stood where on a given day: dated counts by commune, of which nothing later than the day is ever seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

NATURES = {
    "msap": "maison de services au public (liste de 2018)",
    "A127": "maison de services au public (équipements de 2019)",
    "A104": "gendarmerie",
    "A121": "service des finances publiques",
    "A122": "agence Pôle emploi",
    "A206": "bureau de poste",
    "A208": "agence postale",
    "B102": "supermarché",
    "C201": "collège",
    "C301": "lycée général",
    "D201": "médecin généraliste",
    "D301": "pharmacie",
    "D401": "hébergement de personnes âgées",
    "F307": "bibliothèque",
}
COLONNES = ("code_commune", "nature", "nombre", "date_donnees")
REQUETE = """
SELECT code_commune, 'msap' AS nature, COUNT(*) AS nombre, MIN(fiche.date_donnees) AS date_donnees
FROM {commun}.dim_lieux AS lieu
INNER JOIN {commun}.pont_lieux_sources AS pont
    ON pont.id_lieu = lieu.id_lieu AND pont.source = 'cget__maisons_services_public'
INNER JOIN {commun}.dim_sources AS fiche ON fiche.source = pont.source
WHERE lieu.code_commune IS NOT NULL
GROUP BY code_commune
UNION ALL
SELECT code_commune, type_equipement, nb_equipements, date_donnees
FROM {commun}.fait_equipements
WHERE type_equipement = ANY(:types) AND source = 'insee__equipements_iris'
ORDER BY 2, 1
"""


def empty() -> pd.DataFrame:
    return pd.DataFrame({name: [] for name in COLONNES})


@dataclass(frozen=True)
class Passe:
    """The counts known on a day: vectors (n,) by nature, NaN everywhere for a nature not yet described then."""

    jour: date
    nombres: dict[str, np.ndarray]

    @classmethod
    def build(cls, histoire: pd.DataFrame, index, n: int, day: date) -> Passe:
        """index: codes -> positions of today's communes. A commune without row of a described nature has none."""
        known = histoire[pd.to_datetime(histoire.date_donnees) < pd.Timestamp(day)]
        numbers = {}
        for nature in NATURES:
            rows = known[known.nature == nature]
            rows = rows[rows.date_donnees == rows.date_donnees.max()]
            values = np.zeros(n) if len(rows) else np.full(n, np.nan)
            where = index(rows.code_commune)
            np.add.at(values, where[where >= 0], rows.nombre.to_numpy(float)[where >= 0])
            numbers[nature] = values
        return cls(day, numbers)

    @property
    def variete(self) -> np.ndarray:
        """How many of the natures described then a commune has; NaN when none was described."""
        described = [values > 0 for values in self.nombres.values() if not np.isnan(values).all()]
        n = len(next(iter(self.nombres.values())))
        return np.sum(described, axis=0).astype(float) if described else np.full(n, np.nan)
