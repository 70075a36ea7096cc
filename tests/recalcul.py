"""Indicators recomputed from the raw files by pandas alone: no dbt, no module of Pilotage, another way for the codes.

Each function gives, by commune of today, what an indicator divides by what. A code of yesterday follows the movements
file one event after the other; what is counted in a commune split since stays with the one that kept the code.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

ARRONDISSEMENTS = {"751": "75056", "132": "13055", "693": "69123"}


class Miroir:
    """The raw files of the mirror, and who is who in them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def csv(self, path: str, **options) -> pd.DataFrame:
        return pd.read_csv(self.folder / path, dtype=str, keep_default_na=False, **options)

    @cached_property
    def cog(self) -> pd.DataFrame:
        return self.csv("insee__communes/2025/v_commune_2025.csv")

    @cached_property
    def communes(self) -> pd.DataFrame:
        """Communes of today: département, region, EPCI, inhabitants."""
        mine = self.cog[self.cog.TYPECOM == "COM"].set_index("COM")[["DEP", "REG"]]
        groups = pd.read_excel(self.folder / "dgcl__intercommunalites/2025/epcicom2025.xlsx", dtype=str)
        people = self.csv("insee__populations/2022/donnees_communes.csv", sep=";")
        mayotte = self.csv("insee__populations/2017/donnees_communes_mayotte.csv", sep=";")  # the file of 2022 lacks it
        counted = self.sum_by_commune(
            pd.concat([people.COM, "97" + mayotte.CODCOM]), pd.to_numeric(pd.concat([people.PMUN, mayotte.PMUN]))
        )
        siren = groups.set_index("insee").siren.reindex(mine.index)
        return mine.assign(EPCI=siren, population=counted.reindex(mine.index))

    @cached_property
    def parents(self) -> dict[str, str]:
        """Code that is no commune today -> the code that came next, or the commune that it is a part of."""
        moves = self.csv("insee__mouvements_communes/2025/v_mvt_commune_2025.csv").sort_values("DATE_EFF")
        moves = moves[(moves.TYPECOM_AV == "COM") & (moves.TYPECOM_AP == "COM") & (moves.COM_AV != moves.COM_AP)]
        followed = dict(zip(moves.COM_AV, moves.COM_AP, strict=True))
        parts = self.cog[self.cog.COMPARENT != ""]
        return {**followed, **dict(zip(parts.COM, parts.COMPARENT, strict=True))}

    @cached_property
    def scissions(self) -> dict[str, str]:
        """Commune born of a split since 2021 -> the one that it left."""
        moves = self.csv("insee__mouvements_communes/2025/v_mvt_commune_2025.csv")
        born = moves[(moves.MOD == "21") & (moves.DATE_EFF > "2021-01-01") & (moves.TYPECOM_AV == "COM")]
        born = born[born.COM_AV != born.COM_AP]
        return dict(zip(born.COM_AP, born.COM_AV, strict=True))

    def today(self, code: str) -> str | None:
        current = self._current
        for _ in range(10):
            if code in current:
                return code
            code = ARRONDISSEMENTS.get(code[:3]) or self.parents.get(code, "")
        return None

    @cached_property
    def _current(self) -> set[str]:
        return set(self.cog.COM[self.cog.TYPECOM == "COM"])

    def sum_by_commune(self, codes: pd.Series, values: pd.Series) -> pd.Series:
        now = {code: self.today(code.zfill(5)) for code in codes.unique()}
        return values.groupby(codes.map(now)).sum(min_count=1)

    def territory(self, level: str, code: str) -> pd.Index:
        """Communes of a territory."""
        if level == "commune":
            return pd.Index([code])
        column = {"epci": "EPCI", "departement": "DEP", "region": "REG"}.get(level)
        return self.communes.index if column is None else self.communes.index[self.communes[column] == code]

    def codes(self, level: str) -> list[str]:
        if level == "commune":
            return sorted(self.communes.index[self.communes.population > 0])
        column = {"epci": "EPCI", "departement": "DEP", "region": "REG"}.get(level)
        return ["FR"] if column is None else sorted(self.communes[column].dropna().unique())


Rapport = Callable[[Miroir], pd.DataFrame]


def _count(text: pd.Series) -> pd.Series:
    """`12 394 ` -> 12394; ` - ` is Arcep's zero."""
    bare = text.str.replace(r"\s", "", regex=True)
    return pd.to_numeric(bare.where(bare != "-", "0"), errors="coerce")


def fibre(miroir: Miroir) -> pd.DataFrame:
    folder = "arcep__deploiement_fibre/2018T1/"
    declared = miroir.csv(folder + "ftthCommunes.csv", skiprows=4)
    declared = declared[declared.Champ == "Locaux Raccordables"]
    base = miroir.csv(folder + "communes.csv", skiprows=4)
    homes = _count(base["Logements"]) + _count(base["Établissements"])
    done = miroir.sum_by_commune(declared["Code commune"], _count(declared["T1 2018"]))
    return pd.DataFrame({"num": done, "den": miroir.sum_by_commune(base["Code commune"], homes)})


def debit(*classes: str) -> Rapport:
    """Premises in these classes of 2019, exclusive of each other; a commune without premises was not seen."""

    def read(miroir: Miroir) -> pd.DataFrame:
        lines = miroir.csv("arcep__debits/2019-09-30/commune-debit-beta.csv", sep=";", skiprows=1)
        lines = lines[pd.to_numeric(lines.nbr) > 0]
        done = sum(pd.to_numeric(lines[name]) for name in classes)
        return pd.DataFrame(
            {
                "num": miroir.sum_by_commune(lines.code_insee, done),
                "den": miroir.sum_by_commune(lines.code_insee, pd.to_numeric(lines.nbr)),
            }
        )

    return read


def fibre_recente(miroir: Miroir) -> pd.DataFrame:
    lines = miroir.csv("arcep__fibre_communes/2025-05/fibre_data.csv")
    wired = pd.to_numeric(lines.nb_locaux_fibre, errors="coerce")
    wired = wired.mask(wired.isna() & (pd.to_numeric(lines.pct_fibre, errors="coerce") == 0), 0)
    known = wired.notna()
    return pd.DataFrame(
        {
            "num": miroir.sum_by_commune(lines.code_insee[known], wired[known]),
            "den": miroir.sum_by_commune(lines.code_insee[known], pd.to_numeric(lines.nb_locaux)[known]),
        }
    )


def par_habitant(path: str, code: str, keep: tuple[str, str] | None = None, number: str | None = None) -> Rapport:
    """Things of a national list by inhabitant: a commune that the list does not name has none."""

    def read(miroir: Miroir) -> pd.DataFrame:
        lines = miroir.csv(path, sep=";")
        lines = lines.rename(columns={name: name.lstrip("#\ufeff") for name in lines.columns})
        if keep:
            lines = lines[lines[keep[0]] == keep[1]]
        if "Code_postal" in lines:
            lines = lines[~lines["Code_postal"].str.startswith("98")]  # Monaco bears the code of a French neighbour
        things = pd.to_numeric(lines[number]) if number else pd.Series(1, index=lines.index)
        people = miroir.communes.population
        found = miroir.sum_by_commune(lines[code], things).reindex(people.index, fill_value=0)
        return pd.DataFrame({"num": found, "den": people})[people > 0]

    return read


def score(column: str) -> Rapport:
    """A score of the published index, weighted by today's people; communes merged since, by those of the time."""

    def read(miroir: Miroir) -> pd.DataFrame:
        lines = miroir.csv("mednum__fragilite_numerique/2023-08-24/ifn-city-all-variation.csv")
        scores = lines.filter(regex="_rate$|^total$").apply(pd.to_numeric, errors="coerce")
        lines = lines[scores.max(axis=1) > 0]
        values = scores.loc[lines.index, column]
        then = miroir.csv("insee__populations/2019/donnees_communes.csv", sep=";").set_index("COM").PMUN
        # A commune whose people were not counted that year (Mayotte) is alone in its own: any weight gives its score.
        weights = pd.to_numeric(lines.code.map(then)).fillna(1)
        known = values.notna()
        codes, weight = lines.code[known], weights[known]
        mean = miroir.sum_by_commune(codes, values[known] * weight) / miroir.sum_by_commune(codes, weight)
        young = {child: mean.get(parent) for child, parent in miroir.scissions.items() if child not in mean.index}
        mean = pd.concat([mean, pd.Series(young, dtype=float)])  # a split does not change how fragile people are
        people = miroir.communes.population.reindex(mean.index)
        return pd.DataFrame({"num": mean * people, "den": people})[people > 0]

    return read


POSTE = "laposte__points_contact/2020-12/laposte_poincont2.csv"
CNFS = "anct__conseillers_numeriques/2023-04-05/20230405-3925-cnfs.csv"
VALIDES = "Nombre de conseillers validés par le COSELEC"
# Indicator -> millésime, factor, how it is recomputed.
RECALCULS: dict[str, tuple[str, float, Rapport]] = {
    "fibre_raccordable": ("2018T1", 100, fibre),
    "fibre_derniere_connue": ("2025-05", 100, fibre_recente),
    "debit_30": ("2019-09-30", 100, debit("elig_thd30", "elig_thd100", "elig_thd1g")),
    "debit_100": ("2019-09-30", 100, debit("elig_thd100", "elig_thd1g")),
    "debit_1g": ("2019-09-30", 100, debit("elig_thd1g")),
    "debit_ineligible": ("2019-09-30", 100, debit("inel_hd")),
    "poste_contacts": ("2020-12", 10_000, par_habitant(POSTE, "Code_INSEE")),
    "poste_bureaux": (
        "2020-12",
        10_000,
        par_habitant(POSTE, "Code_INSEE", ("Caractéristique_du_site", "Bureau de Poste")),
    ),
    "conseillers_numeriques": ("2023-04-05", 10_000, par_habitant(CNFS, "Code commune INSEE", number=VALIDES)),
    "fragilite_totale": ("2023-08-24", 1, score("total")),
    "fragilite_pauvrete": ("2023-08-24", 1, score("poverty_rate")),
    "ecart_4g": ("2023-08-24", 1, score("no_4g_coverage_rate")),
}
NIVEAUX = ("commune", "epci", "departement", "region", "france")


def draw(miroir: Miroir, graine: int, nb_indicateurs: int, nb_territoires: int) -> list[tuple[str, str, str]]:
    """(indicator, level, territory) drawn at random, each level at least once by indicator when there are five."""
    rng = random.Random(graine)
    chosen = rng.sample(sorted(RECALCULS), nb_indicateurs)
    return [
        (code, NIVEAUX[i % len(NIVEAUX)], rng.choice(miroir.codes(NIVEAUX[i % len(NIVEAUX)])))
        for code in chosen
        for i in range(nb_territoires)
    ]


def value(parts: pd.DataFrame, factor: float, communes: pd.Index) -> float:
    """The indicator of a territory: sums first, one division after; NaN where nothing is observed."""
    mine = parts.reindex(communes).dropna()
    mine = mine[mine.den > 0]
    return factor * mine.num.sum() / mine.den.sum() if len(mine) else np.nan
