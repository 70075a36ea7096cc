"""Doors where a public is received, and who opened a France Services behind which, when.

A door is one real place: town hall, library, post office, house of services, association. Several producers describe
the same door under other names and spellings; that is what `dim_lieux` has to find again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from pilotage.simulation import noms
from pilotage.simulation.adresses import codes_postaux
from pilotage.simulation.groupements import SIREN_COMMUNES
from pilotage.simulation.histoire import Etat, Histoire
from pilotage.simulation.profils import Profils
from pilotage.simulation.territoire import ARRONDISSEMENTS, Territoire

MAIRIE, BIBLIOTHEQUE, POSTE, MAISON, ASSOCIATION = range(5)
SIREN_STRUCTURES = 500_000
LABELS = {  # date of the label: sites of the real list of August 2024
    "2020-01-01": 516, "2020-02-01": 75, "2020-09-01": 340, "2020-09-30": 2, "2020-10-01": 4, "2020-12-23": 1,
    "2021-01-01": 7, "2021-01-15": 259, "2021-03-01": 1, "2021-04-01": 181, "2021-07-01": 203, "2021-10-01": 255,
    "2021-10-10": 1, "2021-11-23": 5, "2021-12-07": 2, "2022-01-01": 324, "2022-02-15": 1, "2022-04-01": 2,
    "2022-04-15": 1, "2022-04-20": 141, "2022-07-01": 181, "2022-11-15": 158, "2023-01-01": 13, "2023-02-01": 9,
    "2023-07-01": 40, "2023-10-01": 1, "2023-12-08": 106, "2024-05-23": 16,
}  # fmt: skip
REEL_FS, FERMES = 2_845, 45  # sites of 2024; sites of 2022 that closed before


@dataclass
class Portes:
    """Parallel arrays over doors; `arrondissement` is -1 outside divided cities, `genre` one of the five kinds."""

    t: Territoire
    village: np.ndarray
    genre: np.ndarray
    lon: np.ndarray
    lat: np.ndarray
    arrondissement: np.ndarray
    numero: list[str]
    type_voie: list[str]
    voie: list[str]
    cp: list[str]
    siret: list[str]

    def __len__(self) -> int:
        return len(self.village)

    def de(self, genre: int) -> np.ndarray:
        return np.flatnonzero(self.genre == genre)

    def adresse(self, i: int, style: str) -> str:
        """`usage` «12 Rue des Lilas», `minuscule`, `majuscule`, `abrege` «12 AV DES LILAS»."""
        genre, voie = self.type_voie[i], self.voie[i]
        if style == "abrege":
            genre = noms.ABREGES[genre]
        texte = " ".join(x for x in (self.numero[i], genre, voie) if x)
        if style == "minuscule":
            return texte.replace(genre, genre.lower(), 1)
        return noms.majuscules(texte) if style in ("majuscule", "abrege") else texte

    def commune(self, i: int, etat: Etat) -> str:
        """Name of the commune of a state where the door is."""
        chef = etat.parent[self.village[i]]
        return noms.libelle(etat.tncc[chef], etat.nom[chef])

    def code(self, i: int, etat: Etat, *, arrondissement: bool = False) -> str:
        """Code of the commune of a state, or of the arrondissement if the door is in one."""
        if arrondissement and self.arrondissement[i] >= 0:
            rang = self.t.villes.tolist().index(self.village[i])
            return self.t.code_arrondissement(rang)[self.arrondissement[i]]
        return str(self.t.code[etat.parent[self.village[i]]])


def ouvrir(t: Territoire, h: Histoire, p: Profils) -> tuple[Portes, FranceServices]:
    """All doors of the territory and the France Services among them."""
    rng = t.tirage("portes")
    poids = np.where(t.population > 0, t.population, 0).astype(float)
    chefs = h.etats["2021"].chefs
    sites = _implanter(t, p)
    lots = [
        (MAIRIE, chefs),
        (BIBLIOTHEQUE, rng.choice(len(t), size=t.nombre(15_779, 20), p=poids**0.5 / (poids**0.5).sum())),
        (POSTE, rng.choice(len(t), size=t.nombre(17_700, 20), p=poids**0.55 / (poids**0.55).sum())),
        (MAISON, sites.village),
        (ASSOCIATION, rng.choice(len(t), size=t.nombre(5_500, 12), p=poids**0.85 / (poids**0.85).sum())),
    ]
    village = np.concatenate([v for _, v in lots])
    genre = np.concatenate([np.full(len(v), g) for g, v in lots])
    n = len(village)
    portee = 0.25 * np.sqrt(t.surface_ha[village] / 100)  # km
    lat = t.lat[village] + rng.normal(0, 1, n) * portee / 111.3
    lon = t.lon[village] + rng.normal(0, 1, n) * portee / (111.3 * np.cos(np.radians(lat)))
    arrondissement = np.full(n, -1)
    for rang, ville in enumerate(t.villes.tolist()):
        ici = np.flatnonzero(village == ville)
        arrondissement[ici] = rng.integers(ARRONDISSEMENTS[rang], size=len(ici))
    cp = codes_postaux(t)[village].tolist()
    for i in np.flatnonzero(arrondissement >= 0).tolist():
        cp[i] = f"{cp[i][:2]}{901 + arrondissement[i]}"
    rangs = np.where(genre == MAIRIE, SIREN_COMMUNES + village, SIREN_STRUCTURES + np.arange(n) % 500_000)
    portes = Portes(
        t, village, genre, lon, lat, arrondissement, *noms.adresses(rng, n), cp, noms.siret(noms.siren(rangs))
    )  # fmt: skip
    sites.host(portes, rng)
    return portes, sites


@dataclass
class FranceServices:
    """Parallel arrays over sites, in the order of labels; `ferme` sites left the list before 2024."""

    village: np.ndarray
    label: list[str]
    ferme: np.ndarray
    porte: np.ndarray

    def host(self, portes: Portes, rng: np.random.Generator) -> None:
        """Half of the sites share the door of a town hall, a post office or a library of their village."""
        propres = portes.de(MAISON)
        par_village: dict[tuple[int, int], int] = {}
        for i in np.flatnonzero(portes.genre != MAISON).tolist():
            par_village.setdefault((int(portes.village[i]), int(portes.genre[i])), i)
        envies = rng.choice([MAIRIE, POSTE, BIBLIOTHEQUE, MAISON], size=len(self.village), p=(0.2, 0.2, 0.12, 0.48))
        pris: set[int] = set()
        for rang, (village, envie) in enumerate(zip(self.village.tolist(), envies.tolist(), strict=True)):
            hote = par_village.get((village, envie), int(propres[rang]))
            self.porte[rang] = int(propres[rang]) if hote in pris else hote
            pris.add(int(self.porte[rang]))

    def ouverts(self, jusque: str, *, avec_fermes: bool) -> np.ndarray:
        """Sites labelled on or before a date."""
        ici = np.array([jour <= jusque for jour in self.label])
        return np.flatnonzero(ici & (avec_fermes | ~self.ferme))


def _waves(t: Territoire) -> list[tuple[str, int, int]]:
    """(date, sites that last, sites that close later), in the real proportions; every year has at least one."""
    total = t.nombre(REEL_FS, 30)
    cumul = np.rint(np.cumsum(list(LABELS.values())) * total / REEL_FS).astype(int)
    combien = dict(zip(LABELS, np.diff(cumul, prepend=0).tolist(), strict=True))
    for jour in ("2023-12-08", "2024-05-23"):
        combien[jour] = max(1, combien[jour])
    fermes = t.nombre(FERMES, 2)
    perdus = {"2020-01-01": fermes - fermes // 2, "2021-07-01": fermes // 2}
    return [(jour, n, perdus.get(jour, 0)) for jour, n in combien.items() if n]


def _implanter(t: Territoire, p: Profils) -> FranceServices:
    """Wave after wave, sites go where many people are far from the nearest one, more so where fragility is high."""
    rng = t.tirage("france services")
    lieu = np.stack([t.lon * 111.3 * np.cos(np.radians(t.lat)), t.lat * 111.3], 1)
    distance, proches = cKDTree(lieu).query(lieu, k=min(14, len(t)))
    bassin = (t.population[proches] * np.exp(-distance / 4)).sum(1)
    eloigne, attrait = np.full(len(t), 60.0), 0.5 * np.log1p(t.population) + 0.3 * p.fragilite
    village, label, ferme = [], [], []
    for jour, durables, perdus in _waves(t):
        reste = durables + perdus
        while reste > 0:
            lot = min(reste, max(1, -(-(durables + perdus) // 6)))
            gain = np.where(t.population > 0, bassin, 0) * -np.expm1(-((np.maximum(eloigne, 0.4) / 8) ** 2))
            envie = 1.15 * np.log1p(gain) + attrait + rng.gumbel(0, 0.75, len(t))
            choisis = np.sort(np.argpartition(-envie, lot - 1)[:lot])
            village += choisis.tolist()
            eloigne = np.minimum(eloigne, cKDTree(lieu[choisis]).query(lieu)[0])
            reste -= lot
        label += [jour] * (durables + perdus)
        ferme += [False] * durables + [True] * perdus
    return FranceServices(np.array(village), label, np.array(ferme), np.zeros(len(village), int))
