"""What the statistics of a place look like: dwellings, jobs, age, income, poverty, fibre. Correlated with density."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pilotage.simulation.territoire import OUTRE_MER, Territoire

DENSITE_QUOTAS = (773, 545, 901, 1973, 5104, 18380, 7259)  # communes by level of the real grid, 1 to 7


def rang_relatif(valeurs: np.ndarray) -> np.ndarray:
    """Rank of each value, in ]0, 1[; equal values keep their order."""
    rang = np.empty(len(valeurs))
    rang[np.argsort(valeurs, kind="stable")] = np.arange(len(valeurs)) + 0.5
    return rang / len(valeurs)


@dataclass
class Profils:
    """Village values of a territory; shares are in [0, 1], incomes in euros a year."""

    t: Territoire

    def champ(self, sujet: str) -> np.ndarray:
        """A smooth field over the country, mean 0 and spread about 1: the North-South of the simulation."""
        rng = self.t.tirage("champ " + sujet)
        onde, phase = rng.normal(0, 2.2, (5, 2)), rng.uniform(0, 2 * np.pi, 5)
        lieu = np.stack([self.t.lon * 0.69, self.t.lat], 1)
        return np.cos(lieu @ onde.T + phase).sum(1) / np.sqrt(2.5)

    def _bruit(self, sujet: str, ecart: float) -> np.ndarray:
        return self.t.tirage("bruit " + sujet).normal(0, ecart, len(self.t))

    @cached_property
    def urbanite(self) -> np.ndarray:
        """0 (emptiest) to 1 (densest)."""
        return rang_relatif(np.log1p(self.t.densite) + 0.15 * np.log1p(self.t.population))

    @cached_property
    def plus_65(self) -> np.ndarray:
        u = self.urbanite
        jeune = np.where(self.t.outre_mer, -0.09, 0)
        ages = 0.245 - 0.07 * u + jeune + 0.03 * self.champ("age") + self._bruit("age", 0.035)
        return np.clip(ages, 0.04, 0.5)

    @cached_property
    def pauvrete(self) -> np.ndarray:
        """High in dense cities and in the emptiest country, low between."""
        u = self.urbanite
        taux = 0.115 + 0.10 * (u > 0.965) + 0.05 * np.maximum(0, 0.35 - u) - 0.02 * (np.abs(u - 0.75) < 0.15)
        taux += np.where(self.t.outre_mer, 0.2, 0) + 0.022 * self.champ("revenu") + self._bruit("pauvrete", 0.025)
        return np.clip(taux, 0.03, 0.6)

    @cached_property
    def revenu(self) -> np.ndarray:
        """Median standard of living in 2019."""
        return np.clip(26_600 - 32_000 * self.pauvrete + self._bruit("revenu", 1_300), 8_500, 52_000)

    @cached_property
    def peu_diplomes(self) -> np.ndarray:
        part = 0.33 + 0.5 * (self.pauvrete - 0.13) - 0.09 * self.urbanite + self._bruit("diplome", 0.04)
        return np.clip(part, 0.08, 0.7)

    @cached_property
    def residences_principales(self) -> np.ndarray:
        """Households in 2018, decimal as a survey gives them."""
        return self.t.peuple(2018) / np.clip(2.25 + self._bruit("menages", 0.12), 1.7, 3.2)

    @cached_property
    def residences_secondaires(self) -> np.ndarray:
        attrait = self.t.tirage("secondaires").lognormal(-2.6, 1.0, len(self.t)) * (1.5 - self.urbanite)
        return self.residences_principales * np.minimum(attrait, 6)

    @cached_property
    def logements_vacants(self) -> np.ndarray:
        return self.residences_principales * np.clip(0.1 + self._bruit("vacants", 0.035), 0.01, 0.3)

    @property
    def logements(self) -> np.ndarray:
        return self.residences_principales + self.residences_secondaires + self.logements_vacants

    @cached_property
    def etablissements(self) -> np.ndarray:
        """Active workplaces, whole numbers."""
        taux = 0.018 + 0.04 * self.urbanite**4
        return np.rint(self.t.population * taux * self.t.tirage("entreprises").lognormal(0, 0.35, len(self.t)))

    @cached_property
    def locaux(self) -> np.ndarray:
        """Dwellings and workplaces that a network may pass, whole numbers."""
        return np.rint(self.logements + 0.55 * self.etablissements)

    # ---- telecoms
    @cached_property
    def debut_fibre(self) -> np.ndarray:
        """Year of the first premises passed: 10 % of communes have fibre in 2018, 22 % in 2019, 90 % in 2025."""
        ordre = self.urbanite + 0.25 * self._champ_departement("fibre") + self._bruit("fibre", 0.3)
        ordre = np.where(self.t.population > 30_000, ordre + 2, ordre)
        return np.interp(
            rang_relatif(ordre), [0, 0.1, 0.5, 0.78, 0.905, 1], [2027.0, 2025.4, 2021.5, 2019.75, 2018.2, 2014.0]
        )

    @cached_property
    def plafond_fibre(self) -> np.ndarray:
        return np.clip(self.t.tirage("plafond").beta(22, 1.4, len(self.t)), 0.4, 1.0)

    def part_fibre(self, annee: float) -> np.ndarray:
        """Share of premises passed by fibre at a date in years; never decreases."""
        rythme = np.where(self.t.population > 30_000, 2.8, 1.4)
        return self.plafond_fibre * -np.expm1(-np.maximum(0, annee - self.debut_fibre) / rythme)

    @cached_property
    def faible_4g(self) -> np.ndarray:
        """Weakness of the mobile cover, no unit."""
        return 1 - self.urbanite + 0.3 * self.champ("mobile") + self._bruit("mobile", 0.15)

    def _champ_departement(self, sujet: str) -> np.ndarray:
        return self.t.tirage("departement " + sujet).normal(0, 1, len(self.t.codes_dep))[self.t.dep]

    # ---- typologies
    @cached_property
    def niveau_densite(self) -> np.ndarray:
        """1 (densest) to 7, in the real shares of communes."""
        bornes = np.cumsum(DENSITE_QUOTAS[::-1])[:-1] / sum(DENSITE_QUOTAS)
        return 7 - np.searchsorted(bornes, rang_relatif(np.log1p(self.t.densite) + 0.25 * np.log1p(self.t.population)))

    @cached_property
    def fragilite(self) -> np.ndarray:
        """How much help with digital tools the inhabitants may need, mean 0."""
        parts = (self.plus_65, self.pauvrete, self.peu_diplomes)
        return sum((p - p.mean()) / p.std() for p in parts) / 3

    @property
    def hors_filosofi(self) -> np.ndarray:
        """Places where incomes are not published: the overseas départements but 972 and 974."""
        absents = [d in OUTRE_MER and d not in ("972", "974") for d in self.t.codes_dep]
        return np.array(absents)[self.t.dep]
