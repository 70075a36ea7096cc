"""The simulated territory: villages (communes of yesterday and today), where they are, who lives there, their groups.

A *village* is any place that was once a commune. `histoire` says which commune each one belongs to in each state of
the official code. Everything is an array over villages; nothing here knows how a producer writes its files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.spatial import cKDTree

from pilotage.errors import ErreurConfiguration
from pilotage.simulation import noms

REEL = 34_875  # communes of France in 2025: the yardstick of every proportion
KM2_PAR_COMMUNE = 15.6
COTE_MAX_KM = 900.0
PLUS_GRANDE_VILLE = 2_200_000
CENTRE = (2.5, 46.5)
OUTRE_MER = {  # code: (communes in reality, longitude, latitude, region)
    "971": (32, -61.5, 16.2, "01"), "972": (34, -61.0, 14.65, "02"), "973": (22, -53.0, 4.5, "03"),
    "974": (24, 55.5, -21.1, "04"), "976": (17, 45.15, -12.8, "06"),
}  # fmt: skip
ARRONDISSEMENTS = (20, 9, 16)
REGIONS = [f"{n:02d}" for n in (*range(12, 20), *range(33, 40), *range(45, 50), *range(55, 60))]
SUPPLEMENT = 24  # places kept in each département's numbering for municipal arrondissements and vanished codes


def codes_departements(nombre: int) -> list[str]:
    """Codes of the mainland, spread from 01 to 95 with 2A and 2B; beyond 98, letters, since digits are exhausted.

    98 begins the codes of collectivities; 00 would lose two zeros in a spreadsheet, and nobody could give them back.
    """
    chiffres = [f"{n:02d}" for n in range(1, 96) if n != 20]
    codes = [*chiffres[:9], "2A", "2B", *chiffres[9:]]
    if nombre < len(codes):
        pas = np.linspace(0, len(codes) - 1, max(2, nombre - 1)).astype(int)
        choisis = sorted({*(codes[k] for k in pas), "2A", "2B"}, key=codes.index)
        while len(choisis) > nombre:
            choisis.pop(-2)
        return [*choisis, *(c for c in reversed(codes) if c not in choisis)][:nombre]
    codes += ["96", "99"]
    codes += [f"{a}{b}" for a in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for b in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    if nombre > len(codes):
        conseil = "demander moins de communes"
        raise ErreurConfiguration(f"simulation : {nombre} départements, {len(codes)} codes possibles", conseil=conseil)
    return codes[:nombre]


def rares(nombre: int, part: float, plafond: float) -> int:
    """How many records of `nombre` show a rare fault: its real share, at least one, never above the share `plafond`.

    A short list has none rather than a share that no real delivery shows.
    """
    return min(max(1, round(nombre * part)), int(nombre * plafond))


@dataclass
class Territoire:
    """Arrays over villages unless said otherwise; `dep`, `epci` and `crte` are indices (-1: none)."""

    communes: int
    graine: int
    lon: np.ndarray
    lat: np.ndarray
    surface_ha: np.ndarray
    dep: np.ndarray
    codes_dep: list[str]
    region_dep: list[str]
    epci: np.ndarray
    population: np.ndarray  # municipal population of 2022
    croissance: np.ndarray  # yearly rate
    a_part: np.ndarray  # share of the population counted apart
    villes: np.ndarray  # villages that are divided into arrondissements
    arr_population: list[np.ndarray] = field(default_factory=list)  # population of 2022 by arrondissement
    code: np.ndarray = field(default_factory=lambda: np.array([], dtype="U5"))
    tncc: np.ndarray = field(default_factory=lambda: np.array([], dtype=int))
    nom: list[str] = field(default_factory=list)
    codes_libres: list[list[str]] = field(default_factory=list)  # unused codes by département, for what vanished

    def __len__(self) -> int:
        return len(self.lon)

    @property
    def echelle(self) -> float:
        """Size against the real France."""
        return self.communes / REEL

    @property
    def outre_mer(self) -> np.ndarray:
        return self.dep >= len(self.codes_dep) - len(OUTRE_MER)

    @property
    def densite(self) -> np.ndarray:
        """Inhabitants by km²."""
        return self.population / (self.surface_ha / 100)

    @cached_property
    def membres(self) -> list[np.ndarray]:
        """Villages of each département, in increasing order."""
        ordre = np.argsort(self.dep, kind="stable")
        return np.split(ordre, np.searchsorted(self.dep[ordre], np.arange(1, len(self.codes_dep))))

    @cached_property
    def quartier(self) -> np.ndarray:
        """Arrondissement of each village within its département, 1 to 4 from West to East."""
        resultat = np.ones(len(self), int)
        for membres in self.membres:
            rangs = np.argsort(np.argsort(self.lon[membres], kind="stable"), kind="stable")
            resultat[membres] = 1 + rangs * min(4, 1 + len(membres) // 30) // len(membres)
        return resultat

    def nombre(self, reel: float, minimum: int = 1) -> int:
        """How many of what the real France has `reel` of."""
        return max(minimum, round(reel * self.echelle))

    def tirage(self, sujet: str) -> np.random.Generator:
        return noms.tirage(self.communes, self.graine, sujet)

    def peuple(self, annee: int) -> np.ndarray:
        """Population of a year, whole numbers; a divided city is the sum of its arrondissements."""
        resultat = np.rint(self.population * (1 + self.croissance) ** (annee - 2022)).astype(int)
        for rang, ville in enumerate(self.villes.tolist()):
            resultat[ville] = self.peuple_arrondissements(rang, annee).sum()
        return resultat

    def peuple_arrondissements(self, rang: int, annee: int) -> np.ndarray:
        taux = (1 + self.croissance[self.villes[rang]]) ** (annee - 2022)
        return np.rint(self.arr_population[rang] * taux).astype(int)

    def code_arrondissement(self, rang: int) -> list[str]:
        """Codes of the arrondissements of the city of that rank: the last numbers of its département."""
        nombre = ARRONDISSEMENTS[rang]
        return [f"{self.codes_dep[self.dep[self.villes[rang]]]}{999 - nombre + k:03d}" for k in range(1, nombre + 1)]


def dresser(communes: int, graine: int, absorbes: int) -> Territoire:
    """A territory of `communes` present communes and `absorbes` villages that merged into them (by `histoire`)."""
    outre_mer = [min(90, max(3, round(reel * communes / REEL))) for reel, *_ in OUTRE_MER.values()]
    villages = communes - sum(outre_mer) + absorbes
    rng = noms.tirage(communes, graine, "territoire")
    km, cote = _semer(rng, villages)
    surface = np.rint(cote**2 / villages * 100 * rng.lognormal(-0.12, 0.5, villages)).astype(int) + 40
    deps = int(np.clip(round(communes / 100), 4, 96)) if villages < 45_000 else -(-villages // 450)
    dep, graines = _voronoi(rng, km, deps)
    population, villes = _peupler(rng, km, dep)
    epci = _grouper(rng, km, dep, max(2 * deps, round(1255 * communes / REEL)))
    regions = max(3, min(len(REGIONS), 13, round(deps / 7.4)))
    region = _voronoi(rng, graines, regions)[0]
    lon = CENTRE[0] + km[:, 0] / (111.32 * np.cos(np.radians(CENTRE[1])))
    lat = CENTRE[1] + km[:, 1] / 111.32
    t = Territoire(
        communes, graine, lon, lat, surface, dep, codes_departements(deps), [REGIONS[r] for r in region.tolist()], epci,
        population, rng.normal(0.001, 0.009, villages), rng.beta(2, 60, villages), villes,
    )  # fmt: skip
    _ajouter_outre_mer(t, rng, outre_mer)
    _isoler(t, rng)
    parts = [rng.dirichlet(np.full(n, 9.0)) for n in ARRONDISSEMENTS]
    t.arr_population = [np.rint(t.population[v] * p) for v, p in zip(villes.tolist(), parts, strict=True)]
    t.population[villes] = [p.sum() for p in t.arr_population]
    t.tncc, t.nom = noms.communes(t.tirage("noms"), len(t))
    _numeroter(t)
    return t


def _semer(rng: np.random.Generator, nombre: int) -> tuple[np.ndarray, float]:
    """Jittered grid cut to a rounded hexagon: positions in km around the centre, and the side of the covered square."""
    cote = min(np.sqrt(nombre * KM2_PAR_COMMUNE), COTE_MAX_KM)
    pas, demi = cote / np.sqrt(nombre), int(np.sqrt(nombre) * 0.62) + 2
    grille = np.stack(np.meshgrid(np.arange(-demi, demi + 1), np.arange(-demi, demi + 1)), -1).reshape(-1, 2) * pas
    angle = np.arctan2(grille[:, 1], grille[:, 0])
    rayon = np.hypot(*grille.T) * (1 + 0.06 * np.cos(6 * angle)) + rng.normal(0, pas / 2, len(grille))
    retenus = np.sort(np.argsort(rayon, kind="stable")[:nombre])
    return grille[retenus] + rng.uniform(-0.38, 0.38, (nombre, 2)) * pas, float(cote)


def _voronoi(rng: np.random.Generator, points: np.ndarray, nombre: int) -> tuple[np.ndarray, np.ndarray]:
    """Parts of about equal extent, each the cell of a seed (three rounds of Lloyd), and the seeds."""
    graines = points[rng.choice(len(points), size=min(nombre, len(points)), replace=False)]
    for _ in range(8):
        cellule = cKDTree(graines).query(points)[1]
        poids = np.maximum(np.bincount(cellule, minlength=len(graines)), 1)
        graines = np.stack([np.bincount(cellule, points[:, k], len(graines)) / poids for k in (0, 1)], 1)
    return cKDTree(graines).query(points)[1], graines


def _peupler(rng: np.random.Generator, km: np.ndarray, dep: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cities by rank and size, their suburbs, and a countryside; mean about 1,940, median about 460 as in reality."""
    nombre = len(km)
    total, nb_villes = 1_940 * nombre, max(12, nombre // 28)
    centres = rng.choice(nombre, size=nb_villes, replace=False)
    tailles = np.arange(1, nb_villes + 1) ** -0.85
    tailles = np.minimum(tailles * total * 0.46 / tailles.sum(), PLUS_GRANDE_VILLE)
    proches, rangs = cKDTree(km[centres]).query(km, k=min(8, nb_villes))
    portee = 2.2 + 5.5 * (tailles[rangs] / 1e5) ** 0.33
    attrait = (tailles[rangs] ** 0.9 * np.exp(-proches / portee)).sum(1) * rng.lognormal(0, 0.5, nombre)
    population = rng.lognormal(4.95, 0.95, nombre)
    population += attrait * total * 0.36 / attrait.sum()
    population[centres] += tailles
    population = np.maximum(np.rint(population), 6)
    premiers, vus = [], set()
    for ville in centres.tolist():
        if dep[ville] not in vus and len(premiers) < len(ARRONDISSEMENTS):
            premiers.append(ville)
            vus.add(dep[ville])
    # villages destroyed in a war and never inhabited again: six in reality
    population[np.argsort(population, kind="stable")[: max(1, round(6 * nombre / REEL))]] = 0
    return population, np.array(premiers)


def _grouper(rng: np.random.Generator, km: np.ndarray, dep: np.ndarray, nombre: int) -> np.ndarray:
    """Groupings within each département, around seeds; a few reach over the border, as some do in reality."""
    epci, prochain, centres = np.full(len(km), -1), 0, []
    for d in range(dep.max() + 1):
        membres = np.flatnonzero(dep == d)
        combien = max(1, round(nombre * len(membres) / len(km)))
        cellule, graines = _voronoi(rng, km[membres], combien)
        epci[membres] = prochain + cellule
        prochain += len(graines)
        centres.append(graines)
    proche = cKDTree(np.concatenate(centres)).query(km)[1]
    deborde = rng.random(prochain) < 0.08
    deborde[0] = True
    return np.unique(np.where(deborde[proche], proche, epci), return_inverse=True)[1]


def _ajouter_outre_mer(t: Territoire, rng: np.random.Generator, nombres: list[int]) -> None:
    for (code, (_, lon, lat, region)), nombre in zip(OUTRE_MER.items(), nombres, strict=True):
        ecart = rng.uniform(-0.16, 0.16, (nombre, 2))
        groupes = max(1, nombre // 7)
        t.epci = np.append(t.epci, t.epci.max() + 1 + np.argsort(np.argsort(ecart[:, 0])) * groupes // nombre)
        t.dep = np.append(t.dep, np.full(nombre, len(t.codes_dep)))
        t.codes_dep.append(code)
        t.region_dep.append(region)
        t.lon, t.lat = np.append(t.lon, lon + ecart[:, 0]), np.append(t.lat, lat + ecart[:, 1])
        t.surface_ha = np.append(t.surface_ha, rng.integers(2_000, 12_000, nombre))
        t.population = np.append(t.population, np.rint(rng.lognormal(9.3, 0.8, nombre)))
        t.croissance = np.append(t.croissance, rng.normal(0.002, 0.01, nombre))
        t.a_part = np.append(t.a_part, rng.beta(2, 60, nombre))


def _isoler(t: Territoire, rng: np.random.Generator) -> None:
    """A few islands that belong to no grouping."""
    candidats = np.flatnonzero(~t.outre_mer & (t.population > 20) & (t.population < 900))
    effectif = np.bincount(t.epci)
    candidats = candidats[effectif[t.epci[candidats]] > 4]
    t.epci[rng.choice(candidats, size=t.nombre(4), replace=False)] = -1


def _numeroter(t: Territoire) -> None:
    """Codes in the order of names, counted from the top of each département, where real communes have few or none."""
    t.code = np.empty(len(t), dtype="U5")
    ordre = np.lexsort((np.array([noms.majuscules(n) for n in t.nom]), t.dep))
    bornes = np.searchsorted(t.dep[ordre], np.arange(len(t.codes_dep) + 1))
    for d, dep in enumerate(t.codes_dep):
        membres = ordre[bornes[d] : bornes[d + 1]]
        chiffres = 5 - len(dep)
        haut = 10**chiffres - 1 - (SUPPLEMENT if chiffres == 3 else 0)
        premier = haut - len(membres) + 1
        if premier < 1:
            raise ErreurConfiguration(f"simulation : plus de codes dans le département {dep} ({len(membres)} communes)")
        t.code[membres] = [f"{dep}{premier + k:0{chiffres}d}" for k in range(len(membres))]
        t.codes_libres.append([f"{dep}{k:0{chiffres}d}" for k in range(premier - 1, 0, -1)])
