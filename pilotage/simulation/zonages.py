"""Zonings of the communes in their producers' formats: study areas (xlsx in a zip), arrondissements, centrality,
mountain, rural revitalisation, overseas collectivities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from pilotage.simulation import noms
from pilotage.simulation.ecriture import Depot, archive, classeur, minimal
from pilotage.simulation.groupements import Groupements
from pilotage.simulation.histoire import Etat, Histoire
from pilotage.simulation.insee_codes import nom_arrondissement, nom_region
from pilotage.simulation.profils import Profils
from pilotage.simulation.territoire import OUTRE_MER, REEL, Territoire

CODES = noms.mots(
    "CODGEO LIBGEO DEP REG EPCI NATURE_EPCI ARR CV ZE2020 UU2020 TUU2017 TDUU2017 AAV2020 TAAV2017 TDAAV2017 "
    "CATEAAV2020 BV2012"
)
ZONAGES = {"ARR": 6, "CV": 7, "DEP": 2, "REG": 3, "EPCI": 4, "ZE2020": 8, "UU2020": 9, "AAV2020": 12, "BV2012": 16}
CENTRALITES = (  # level, and its share of the real communes, from the best equipped down
    ("Centre majeur d'équipements et de services", 142), ("Centre structurant d'équipements et de services", 742),
    ("Centre intermédiaire d'équipements et de services", 2880), ("Centre local d'équipements et de services", 7007),
    ("Communes non centre", 24104),
)  # fmt: skip
NON_CLASSEES = 129
MASSIFS = ("des Vosges", "du Jura", "des Alpes", "de Corse", "Central", "des Pyrénées")
COLLECTIVITES = (  # code and communes of each overseas collectivity in reality
    ("975", 2), ("977", 1), ("978", 1), ("984", 5), ("986", 3), ("987", 48), ("988", 33), ("989", 1),
)  # fmt: skip
PORTEE_KM = 18.0


@dataclass(frozen=True)
class _Zones:
    """Communes of a state gathered around centres; `centre` and `distance_km` are by commune, in the order of codes."""

    centre: np.ndarray
    distance_km: np.ndarray

    @classmethod
    def autour(cls, t: Territoire, etat: Etat, population: np.ndarray, nombre: float) -> _Zones:
        """Around the most populous communes, as many as `nombre` for the real France."""
        lieu = np.stack([t.lon[etat.chefs] * 77.0, t.lat[etat.chefs] * 111.3], 1)
        rangs = np.argsort(-population, kind="stable")[: max(2, round(nombre * len(etat.chefs) / REEL))]
        distance, proche = cKDTree(lieu[rangs]).query(lieu)
        return cls(rangs[proche], distance)


def write(t: Territoire, h: Histoire, p: Profils, depot: Depot) -> None:
    etat = h.etats["2022"]
    communes = list(_communes(t, etat, p))
    feuilles = {
        "COM": _sheet("Communes", CODES, communes),
        "ARM": _sheet("Arrondissements municipaux", [*CODES, "COM"], _quartiers(t, etat, communes)),
        "Zones_supra_communales": _sheet(
            "Zones supra - communales", ["NIVGEO", "CODGEO", "LIBGEO", "NB_COM"], _zones(t, etat, communes)
        ),
    }
    zip_ = archive({"table-appartenance-geo-communes-22.xlsx": classeur(feuilles)})
    depot.octets(
        "insee__appartenance_geographique", "2022", "table-appartenance-geo-communes-22.zip", zip_, separator="zip"
    )
    _write_arrondissements(t, h.etats["2025"], depot)
    _write_grilles(t, h.etats["2025"], depot)
    _write_zrr(t, h.etats["2021"], p, depot)
    _write_collectivites(t, depot)


def _communes(t: Territoire, etat: Etat, p: Profils) -> Iterator[list[str]]:
    population = etat.somme(t.peuple(2021))
    g = Groupements(t, etat, 2021)
    bassins, emplois = _Zones.autour(t, etat, population, 1663), _Zones.autour(t, etat, population, 305)
    villes, unites = _Zones.autour(t, etat, population, 699), _Zones.autour(t, etat, population, 2462)
    rang_emploi, rang_ville = _ranks(emplois.centre), _ranks(villes.centre)
    rang_unite = _ranks(unites.centre)
    dense = p.niveau_densite[etat.chefs] <= 4
    for k, (v, nom) in enumerate(zip(etat.chefs.tolist(), etat.libelles(), strict=True)):
        dep, e = t.codes_dep[t.dep[v]], int(g.epci[k])
        siren, nature = (g.siren[e], g.natures[e]) if e >= 0 else ("ZZZZZZZZZ", "ZZ")
        centre, loin = villes.centre[k] == k, villes.distance_km[k]
        attire = loin < PORTEE_KM
        categorie = "11" if centre else "30" if not attire else "12" if dense[k] and loin < 6 else "20"
        uu = f"{dep}{rang_unite[unites.centre[k]] % 800 + 101}" if dense[k] else f"{dep}000"
        ze = f"{t.region_dep[t.dep[etat.chefs[emplois.centre[k]]]]}{rang_emploi[emplois.centre[k]]:02d}"
        taille = str(min(8, 1 + int(np.log10(population[unites.centre[k]] + 1)))) if dense[k] else "0"
        yield [
            str(t.code[v]), nom, dep, t.region_dep[t.dep[v]], siren, {"METRO": "ME", "MET69": "ME"}.get(nature, nature),
            f"{dep}{t.quartier[v]}", f"{dep}{1 + int(t.code[v][-2:]) % 23:02d}", ze, uu, taille, f"{taille}1",
            f"{rang_ville[villes.centre[k]]:03d}" if attire else "000", "1" if attire else "0",
            "11" if attire else "00", categorie, str(t.code[etat.chefs[bassins.centre[k]]]),
        ]  # fmt: skip


def _ranks(centres: np.ndarray) -> dict[int, int]:
    return {centre: rang for rang, centre in enumerate(np.unique(centres).tolist(), 1)}


def _quartiers(t: Territoire, etat: Etat, communes: list[list[str]]) -> Iterator[list[str]]:
    """Municipal arrondissements: the zones of their commune."""
    par_code = {c[0]: c for c in communes}
    for rang, v in enumerate(t.villes.tolist()):
        ville = par_code[str(t.code[v])]
        for k, code in enumerate(t.code_arrondissement(rang), 1):
            yield [code, nom_arrondissement(etat.nom[v], k), *ville[2:], ville[0]]


def _zones(t: Territoire, etat: Etat, communes: list[list[str]]) -> Iterator[list]:
    nom = {c[0]: c[1] for c in communes}
    for zonage, place in ZONAGES.items():
        compte = Counter(c[place] for c in communes)
        for code, nombre in sorted(compte.items()):
            libelle = nom.get(code) if zonage == "BV2012" else None
            libelle = nom_region(code) if zonage == "REG" else libelle
            yield [zonage, code, libelle or f"Zone simulée {code}", nombre]


def _sheet(titre: str, codes: list[str], rangees: Iterator[list] | list[list]) -> Iterator[list]:
    """Four lines of title, a line of labels, a line of codes, as Insee lays its sheets out."""
    yield ["Liste des communes au 1er janvier 2022 (données simulées)"]
    yield [titre]
    yield ["Mise en ligne le 18/03/2022       Géographie au 01/01/2022"]
    yield ["Source(s) : territoire fictif"]
    yield [f"Libellé {code}" for code in codes]
    yield codes
    yield from rangees


def _write_arrondissements(t: Territoire, etat: Etat, depot: Depot) -> None:
    chefs: dict[str, int] = {}
    for v in etat.chefs[np.argsort(-t.population[etat.chefs], kind="stable")].tolist():
        dep = t.codes_dep[t.dep[v]]
        if dep != "976":
            chefs.setdefault(f"{dep}{t.quartier[v]}", v)
    rangees = []
    for code, v in sorted(chefs.items()):
        nom, dep = noms.libelle(etat.tncc[v], etat.nom[v]), t.codes_dep[t.dep[v]]
        propre = [noms.majuscules(etat.nom[v]), etat.nom[v], nom]
        rangees.append([code, dep, t.region_dep[t.dep[v]], str(t.code[v]), "0", *propre])
    entete, colonnes = "ARR,DEP,REG,CHEFLIEU,TNCC,NCC,NCCENR,LIBELLE", list(zip(*rangees, strict=True))
    depot.csv("insee__arrondissements", "2025", "v_arrondissement_2025.csv", entete, colonnes, fin="\r\n")


def _write_grilles(t: Territoire, etat: Etat, depot: Depot) -> None:
    """Centrality, one line a commune; mountain, one line a commune of a massif."""
    rng = t.tirage("centralite")
    population = etat.somme(t.peuple(2022))
    rang = np.argsort(np.argsort(-population * rng.lognormal(0, 0.5, len(population)), kind="stable"), kind="stable")
    parts = np.cumsum([part for _, part in CENTRALITES]) / REEL
    niveaux = [CENTRALITES[k][0] for k in np.searchsorted(parts[:-1], rang / len(rang), side="right").tolist()]
    for k in rng.choice(len(niveaux), size=t.nombre(NON_CLASSEES), replace=False).tolist():
        niveaux[k] = " - undefined"
    codes, libelles = t.code[etat.chefs].tolist(), minimal(etat.libelles(), ",")
    depot.csv(
        "anct__centralite", "2026-07-02", "centralite.csv", "insee_com,lib_com,niveau_centralite",
        [codes, libelles, niveaux], avant="\ufeff",
    )  # fmt: skip
    deps, haut = t.dep[etat.chefs], t.tirage("montagne").random(len(codes)) < 0.85
    monts = [k for k in range(len(codes)) if (deps[k] % 4 == 0 and haut[k]) or t.codes_dep[deps[k]] in ("2A", "2B")]
    numeros = [
        3 if t.codes_dep[deps[k]] in ("2A", "2B") else (0, 1, 2, 4, 5)[int(deps[k]) // 4 % 5] for k in monts
    ]  # fmt: skip
    massifs = [f"{numero + 1:02d} - Massif {MASSIFS[numero]}" for numero in numeros]
    depot.csv(
        "anct__montagne", "2026-07-02", "montagne.csv", "insee_com,lib_com,niveau_montagne",
        [[codes[k] for k in monts], [libelles[k] for k in monts], massifs], avant="\ufeff",
    )  # fmt: skip


def _write_zrr(t: Territoire, etat: Etat, p: Profils, depot: Depot) -> None:
    u = p.urbanite[etat.chefs]
    classee = (u < np.median(u)) & ~np.isin(t.dep[etat.chefs], [t.codes_dep.index(d) for d in OUTRE_MER])
    codes = [code.removeprefix("0") for code in t.code[etat.chefs].tolist()]
    depot.csv(
        "dgcl__zones_revitalisation_rurale", "2023-10-11", "zrr.csv", "INSEE;ZRR",
        [codes, ["1" if c else "0" for c in classee.tolist()]], separateur=";", fin="\r\n", derniere_fin=False,
    )  # fmt: skip


def _write_collectivites(t: Territoire, depot: Depot) -> None:
    """Etalab's list of the communes of overseas collectivities, under codes that real ones leave free."""
    rng = t.tirage("collectivites")
    rangees = []
    for code, reel in COLLECTIVITES:
        for k in range(reel):
            nom = noms.radicaux(rng, 1)[0]
            postal, habitants = ("", "") if code == "984" else (f"{code}99", str(int(rng.lognormal(7, 1))))
            rangees.append([f"{code}{99 - k:02d}", nom, code, f"Collectivité simulée {code}", postal, habitants])
    colonnes = [minimal(c, ",") for c in zip(*sorted(rangees), strict=True)]
    entete = "code_commune,nom_commune,code_collectivite,nom_collectivite,code_postal,population"
    depot.csv("insee__collectivites_outremer", "2022", "collectivites-outremer.csv", entete, colonnes)
