"""What happened to the communes: mergers, restorations, changes of code and of name, and the state of each year.

Events are drawn in the proportions of the real movements file (393 communes vanish on 2019-01-01, 64 on 2025-01-01,
one five-way split, four changes of code …) and played in order; every state of the official code is a photograph on
the way, so the movements file explains each difference between two of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from pilotage.errors import ErreurConfiguration
from pilotage.simulation import noms
from pilotage.simulation.territoire import Territoire

ETATS = {
    "2018": "2018-01-01", "2019": "2019-01-01", "2019-04": "2019-04-01", "2020": "2020-01-01", "2021": "2021-01-01",
    "2022": "2022-01-01", "2023": "2023-01-01", "2024": "2024-01-01", "2025": "2025-01-01",
}  # fmt: skip
FUSIONS = {  # date: communes that vanish that day in reality; those of 2016 and 2017 are present as delegated ones only
    "2016-01-01": 600, "2017-01-01": 400, "2019-01-01": 393, "2019-02-28": 2, "2020-01-01": 5, "2022-01-01": 10,
    "2023-01-01": 11, "2024-01-01": 16, "2025-01-01": 64,
}  # fmt: skip
ASSOCIEES, ANCIENNES, RENOMMEES = 476, 600, 10
SCISSION = 4  # communes restored at once by the largest split


def compter(communes: int) -> dict[str, int]:
    """Villages absorbed at each date for a territory of that size; their sum must be added to the communes asked."""
    echelle = communes / 34_875
    compte = {date: max(1, round(reel * echelle)) for date, reel in FUSIONS.items()}
    return compte | {"1973-01-01": max(3, round(ASSOCIEES * echelle))}


@dataclass(frozen=True)
class Etat:
    """The official code at a date, over villages: `parent` is the village that gives its code to one's commune."""

    parent: np.ndarray
    tncc: np.ndarray
    nom: np.ndarray
    deleguee: np.ndarray
    associee: np.ndarray
    chefs: np.ndarray  # villages that give their code to a commune, in the order of codes
    rang: np.ndarray  # row of each village's commune in `chefs`

    def somme(self, valeurs: np.ndarray) -> np.ndarray:
        """Village values added up by commune, in the order of `chefs`."""
        return np.bincount(self.rang, valeurs, len(self.chefs))

    def libelles(self) -> list[str]:
        return [noms.libelle(self.tncc[c], self.nom[c]) for c in self.chefs.tolist()]


class Histoire:
    """Plays the events of a territory; `etats` holds one `Etat` by name of ETATS, `mouvements` the file's records."""

    def __init__(self, t: Territoire) -> None:
        self.t = t
        self.rng = t.tirage("histoire")
        self.parent = np.arange(len(t))
        self.tncc, self.nom = t.tncc.copy(), np.array(t.nom, dtype=object)
        self.deleguee, self.associee = np.zeros(len(t), bool), np.zeros(len(t), bool)
        self.mouvements: list[list[str]] = []
        self.etats: dict[str, Etat] = {}
        self._play(self._draw_groups())
        self.mouvements.sort(key=lambda m: (m[1].replace("-", ""), m[9], m[3]), reverse=True)

    # ---- choosing who merges with whom
    def _draw_groups(self) -> dict[str, list[list[int]]]:
        """For each date, groups of neighbouring villages of one département, the most populous first."""
        t, rng = self.t, self.rng
        self._libre = ~t.outre_mer & (t.population > 0) & (t.population < 20_000) & (t.epci >= 0)
        self._libre[t.villes] = False
        self._voisins = cKDTree(np.stack([t.lon * 0.69, t.lat], 1)).query(
            np.stack([t.lon * 0.69, t.lat], 1), k=min(14, len(t))
        )[1]
        self._ordre = iter(rng.permutation(np.flatnonzero(self._libre)).tolist())
        compte = compter(t.communes)
        groupes = {"scission": [self._take(SCISSION)], "retablie": [self._take(1) for _ in range(t.nombre(3))]}
        groupes["aller_retour"] = [self._take(1)]
        compte["2016-01-01"] -= len(groupes["aller_retour"])
        for date, reste in compte.items():
            groupes[date] = []
            while reste > 0:
                taille = min(reste, int(rng.choice([1, 2, 3], p=[0.65, 0.25, 0.1])))
                groupes[date].append(self._take(taille))
                reste -= taille
        return groupes

    def _take(self, absorbes: int) -> list[int]:
        for village in self._ordre:
            proches = self._voisins[village]
            proches = proches[self._libre[proches] & (self.t.dep[proches] == self.t.dep[village])]
            if self._libre[village] and len(proches) > absorbes:
                groupe = sorted(proches[: absorbes + 1].tolist(), key=lambda v: (-self.t.population[v], v))
                self._libre[groupe] = False
                return groupe
        conseil = "demander davantage de communes"
        raise ErreurConfiguration("simulation : trop peu de communes voisines pour les fusions", conseil=conseil)

    # ---- playing the events in order
    def _play(self, groupes: dict[str, list[list[int]]]) -> None:
        t, rng = self.t, self.rng
        self._ancient({v for dated in groupes.values() for groupe in dated for v in groupe})
        for associe in groupes["1973-01-01"]:
            self._associate("1973-01-01", associe)
        suite = [*(d for d in groupes if d[0] == "2"), "2024-03-04", "2021-10-30", "2022-06-01"]
        dates = sorted({*suite, *ETATS.values()})
        scissions = [*groupes["scission"], *groupes["retablie"], *groupes["aller_retour"]]
        for date in dates:
            if date == "2016-01-01":
                for groupe in scissions:
                    self._merge(date, groupe, deleguees=True)
            for groupe in groupes.get(date, []):
                self._merge(date, groupe, deleguees=rng.random() < 0.8)
            if date == "2021-01-01":
                self._recode(date, groupes["aller_retour"][0], 1)
            if date == "2023-01-01":
                self._recode(date, groupes["aller_retour"][0], 0)
            if date == "2024-03-04":
                for groupe in groupes["2016-01-01"][: t.nombre(4)]:
                    self._recode(date, groupe, 1)
            if date == "2024-01-01":
                for groupe in groupes["retablie"]:
                    self._split(date, groupe)
            if date == "2025-01-01":
                self._split(date, groupes["scission"][0])
            if date in ("2022-06-01", "2021-10-30"):
                self._drop_delegates(date, groupes["2017-01-01"][: t.nombre(20)])
            if date >= "2018" and date in ETATS.values():
                self._rename(date)
            self._photograph(date)

    def _photograph(self, date: str) -> None:
        for etat in (nom for nom, jour in ETATS.items() if jour == date):
            chefs = np.flatnonzero(self.parent == np.arange(len(self.t)))
            chefs = chefs[np.argsort(self.t.code[chefs], kind="stable")]
            rang = np.empty(len(self.t), int)
            rang[chefs] = np.arange(len(chefs))
            self.etats[etat] = Etat(
                self.parent.copy(), self.tncc.copy(), self.nom.copy(), self.deleguee.copy(), self.associee.copy(),
                chefs, rang[self.parent],
            )  # fmt: skip

    def _note(self, mod: int, date: str, avant: list[str], apres: list[str]) -> None:
        self.mouvements.append([str(mod), date, *avant, *apres])

    def _side(self, genre: str, village: int, ancien: bool = False, code: str = "") -> list[str]:
        """Six fields: kind, code, type of name, three writings; the village's own name for a COMD or a COMA."""
        propre = ancien or genre != "COM"
        tncc, nom = (self.t.tncc[village], self.t.nom[village]) if propre else (self.tncc[village], self.nom[village])
        return [
            genre, code or str(self.t.code[village]), str(tncc), noms.majuscules(nom), nom, noms.libelle(tncc, nom)
        ]  # fmt: skip

    def _merge(self, date: str, groupe: list[int], *, deleguees: bool) -> None:
        """MOD 32: a «commune nouvelle» keeps the code of its chief town; delegates keep theirs."""
        chef = groupe[0]
        avant = {v: self._side("COM", v) for v in groupe}
        a, b = noms.radicaux(self.rng, 2)
        choix = [self.nom[chef], f"{a}-et-{b}", f"Val-{a}", f"{a} en {b}"][self.rng.choice(4, p=(0.45, 0.2, 0.2, 0.15))]
        if choix != self.nom[chef]:
            self.nom[chef], self.tncc[chef] = choix, 0
        for v in groupe:
            self._note(32, date, avant[v], self._side("COM", chef))
            if deleguees:
                self._note(32, date, avant[v], self._side("COMD", v))
        self.parent[groupe] = chef
        self.deleguee[groupe] = deleguees

    def _split(self, date: str, groupe: list[int]) -> None:
        """MOD 21: every village of a «commune nouvelle» is a commune again, under its own name."""
        avant = self._side("COM", groupe[0])
        for v in groupe:
            self.parent[v], self.nom[v], self.tncc[v] = v, self.t.nom[v], self.t.tncc[v]
            self._note(21, date, avant, self._side("COM", v))
        self._note(21, date, self._side("COMD", groupe[0]), self._side("COM", groupe[0]))
        self.deleguee[groupe] = False

    def _recode(self, date: str, groupe: list[int], vers: int) -> None:
        """MOD 50: the chief town moves, and the code with it."""
        ancien, nouveau = self.parent[groupe[0]], groupe[vers]
        avant = self._side("COM", ancien)
        self.nom[nouveau], self.tncc[nouveau] = self.nom[ancien], self.tncc[ancien]
        self.parent[groupe] = nouveau
        self._note(50, date, avant, self._side("COM", nouveau))

    def _drop_delegates(self, date: str, groupes: list[list[int]]) -> None:
        """MOD 35: half of the groups lose their delegates at each date; MOD 34 and 70 for two associated communes."""
        for groupe in groupes[:: 2 if date < "2022" else 1]:
            for v in groupe:
                if self.deleguee[v]:
                    self._note(35, date, self._side("COMD", v), self._side("COM", self.parent[v]))
                    self.deleguee[v] = False
        associee = int(np.flatnonzero(self.associee)[0])
        if date < "2022":
            self._note(70, date, self._side("COMA", associee), self._side("COMD", associee))
            self.deleguee[associee] = True
        else:
            associee = int(np.flatnonzero(self.associee)[-1])
            self._note(34, date, self._side("COMA", associee), self._side("COM", self.parent[associee]))
        self.associee[associee] = False

    def _associate(self, date: str, groupe: list[int]) -> None:
        """MOD 33: association of the seventies; the villages stay visible as COMA."""
        for v in groupe[1:]:
            self._note(33, date, self._side("COM", v), self._side("COM", groupe[0]))
            self._note(33, date, self._side("COM", v), self._side("COMA", v))
        self._note(33, date, self._side("COM", groupe[0]), self._side("COM", groupe[0]))
        self.parent[groupe], self.associee[groupe[1:]] = groupe[0], True

    def _rename(self, date: str) -> None:
        seuls = np.flatnonzero((np.bincount(self.parent, minlength=len(self.t)) == 1) & ~self.t.outre_mer)
        for v in self.rng.choice(seuls, size=self.t.nombre(RENOMMEES), replace=False).tolist():
            if v in self.t.villes:
                continue
            avant = self._side("COM", v)
            self.nom[v] = f"{self.nom[v].split('-')[0]}-les-{noms.radicaux(self.rng, 1)[0]}"
            self._note(10, date, avant, self._side("COM", v))

    def _ancient(self, remuants: set[int]) -> None:
        """Before our files: communes gone for good (MOD 31), one that changed département (41), one created (20).

        Args:
            remuants: villages that later events move: nobody joins one after it has joined another.
        """
        t, rng = self.t, self.rng
        vivants = np.flatnonzero(~t.outre_mer & (t.population > 0))
        libres = [list(codes) for codes in t.codes_libres]
        for v in rng.choice(vivants, size=min(t.nombre(ANCIENNES, 3), len(vivants) // 3), replace=False).tolist():
            if not libres[t.dep[v]]:
                continue
            a, annee = noms.radicaux(rng, 1)[0], int(rng.integers(1945, 1973))
            disparu = ["COM", libres[t.dep[v]].pop(0), "0", noms.majuscules(a), a, a]
            self._note(31, f"{annee}-01-01", disparu, self._side("COM", v))
        v = int(rng.choice([one for one in vivants.tolist() if one not in remuants]))
        autre = libres[(t.dep[v] + 1) % (len(t.codes_dep) - 5)]
        if autre:
            self._note(41, "2018-01-01", self._side("COM", v, code=autre.pop(0)), self._side("COM", v))
        self._note(20, "1949-11-12", [""] * 6, self._side("COM", int(np.flatnonzero(t.outre_mer)[0])))
