"""Intercommunal bodies (DGCL, xlsx), recovery contracts (CRTE), density grid (xlsx) and rurality typology."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from pilotage.simulation import noms
from pilotage.simulation.ecriture import Depot, classeur, guillemets
from pilotage.simulation.histoire import Etat, Histoire
from pilotage.simulation.insee_chiffres import compter_a_part
from pilotage.simulation.insee_codes import nom_region
from pilotage.simulation.profils import Profils
from pilotage.simulation.territoire import OUTRE_MER, Territoire

SIREN_COMMUNES = 100_000  # first rank of the communes' SIREN; groupings have the ranks below
EPCI = {"2023": 2020, "2024": 2021, "2025": 2022}  # millésime: year of its populations
ENTETE_CRTE = noms.mots(
    "insee_reg lib_reg dep_chef_file lib_dep id_crte lib_crte type_grp_crte crte_interreg crte_interdep "
    "siren_groupement lib_groupement nature_juridique siren_grp_supra lib_grp_supra nat_jur_grp_supra"
)
DENSITES = (
    "Grands centres urbains", "Centres urbains intermédiaires", "Petites villes", "Ceintures urbaines",
    "Bourgs ruraux", "Rural à habitat dispersé", "Rural à habitat très dispersé",
)  # fmt: skip
RURALITES = {  # label: communes in reality, outside those out of scope
    "Les ruralités productives agricoles": 6171, "Les ruralités résidentielles mixtes": 5167,
    "Les ruralités résidentielles aisées": 5122, "Les ruralités productives ouvrières": 4549,
    "Les petites polarités mixtes": 3429, "Les ruralités touristiques à dominante résidentielle": 2511,
    "Les petites polarités industrielles et artisanales": 1989, "Les ruralités touristiques spécialisées": 1623,
}  # fmt: skip
HORS_CHAMP = "Hors champ : DOM ou commune urbaine"
CHANGEE = "Commune dont le périmètre a changé depuis la réalisation de la typologie"


def sirens_communes(villages: np.ndarray) -> list[str]:
    return noms.siren(SIREN_COMMUNES + villages)


class Groupements:
    """Groupings of a state of the code; every array is over grouping indices of `Territoire.epci`."""

    def __init__(self, t: Territoire, etat: Etat, annee: int) -> None:
        self.t, self.etat = t, etat
        self.epci = t.epci[etat.chefs]
        self.population = etat.somme(t.peuple(annee)).astype(int)
        self.a_part = compter_a_part(t, self.population, etat.chefs)
        membres = self.epci >= 0
        self.nombre = int(t.epci.max()) + 1
        self.effectif = np.bincount(self.epci[membres], minlength=self.nombre)
        self.total = np.bincount(self.epci[membres], self.population[membres], self.nombre).astype(int)
        self.total_a_part = np.bincount(self.epci[membres], self.a_part[membres], self.nombre).astype(int)
        self.siren = noms.siren(np.arange(self.nombre))

    @cached_property
    def sieges(self) -> np.ndarray:
        """Most populous member (village) of each grouping."""
        ordre = np.lexsort((-self.population, self.epci))
        uniques, premiers = np.unique(self.epci[ordre], return_index=True)
        sieges = np.zeros(self.nombre, int)
        sieges[uniques[uniques >= 0]] = self.etat.chefs[ordre[premiers]][uniques >= 0]
        return sieges

    @cached_property
    def natures(self) -> list[str]:
        """Legal kind by size: metropolis, urban community, agglomeration, then communities of communes."""
        t = self.t
        limites = np.cumsum([t.nombre(20), t.nombre(14), t.nombre(229, 3)])
        rang = np.argsort(np.argsort(-self.total, kind="stable"), kind="stable")
        natures = [("METRO", "CU", "CA", "CC")[k] for k in np.searchsorted(limites, rang, side="right")]
        for k, ville in enumerate(t.villes.tolist()):
            if t.epci[ville] >= 0:
                natures[t.epci[ville]] = ("METRO", "MET69", "METRO")[k]
        return natures

    @cached_property
    def libelles(self) -> list[str]:
        modeles = {"CC": "CC du Pays de {}", "CA": "CA {} Agglomération", "CU": "CU de {}", "METRO": "Métropole de {}",
                   "MET69": "Métropole de {}"}  # fmt: skip
        return [modeles[n].format(self.t.nom[s]) for n, s in zip(self.natures, self.sieges.tolist(), strict=True)]


def write(t: Territoire, h: Histoire, p: Profils, depot: Depot) -> None:
    for millesime, annee in EPCI.items():
        feuille = {f"Epcicom{millesime}": _epci_rows(Groupements(t, h.etats[millesime], annee), millesime)}
        depot.octets(
            "dgcl__intercommunalites", millesime, f"epcicom{millesime}.xlsx", classeur(feuille), separator="xlsx"
        )
    _write_crte(t, Groupements(t, h.etats["2023"], 2020), depot)
    feuilles = {"Grille_Densite": _density_rows(t, h.etats["2024"], p), "Documentation": _documentation()}
    depot.octets(
        "insee__densite", "2024", "grille_densite_7_niveaux_2024.xlsx", classeur(feuilles), separator="xlsx"
    )  # fmt: skip
    _write_ruralite(t, h, p, depot)


def _epci_rows(g: Groupements, millesime: str) -> Iterator[list]:
    t, etat = g.t, g.etat
    yield [
        "dept", "siren", "raison_sociale", "nature_juridique", "mode_financ", "nb_membres", "total_pop_tot",
        "total_pop_mun", "dep_com", "insee", "siren_membre", "nom_membre", f"ptot_{millesime}", f"pmun_{millesime}",
    ]  # fmt: skip
    sirens, libelles = sirens_communes(etat.chefs), etat.libelles()
    depart = np.array(t.codes_dep)[t.dep[g.sieges]]
    ordre = np.lexsort((-g.population, g.epci, depart[g.epci]))
    for k in ordre[g.epci[ordre] >= 0].tolist():
        e, village = int(g.epci[k]), etat.chefs[k]
        financement = "FA" if g.natures[e] == "CC" and e % 6 == 0 else "FPU"
        yield [
            str(depart[e]), int(g.siren[e]), g.libelles[e], g.natures[e], financement, int(g.effectif[e]),
            int(g.total[e] + g.total_a_part[e]), int(g.total[e]), t.codes_dep[t.dep[village]], str(t.code[village]),
            int(sirens[k]), libelles[k], int(g.population[k] + g.a_part[k]), int(g.population[k]),
        ]  # fmt: skip


def _write_crte(t: Territoire, g: Groupements, depot: Depot) -> None:
    """One row by contract and grouping: single or plural contracts, communes that sign alone, repeated pairs."""
    rng = t.tirage("crte")
    rangees: list[list[str]] = []
    dep_epci = t.dep[g.sieges]
    commune_seule = t.nombre(2)
    for d, dep in enumerate(t.codes_dep):
        membres = np.flatnonzero((dep_epci == d) & (g.effectif > 0))
        lieu = np.stack([t.lon[g.sieges[membres]] * 0.69, t.lat[g.sieges[membres]]], 1)
        graines = lieu[rng.choice(len(membres), size=max(1, round(0.68 * len(membres))), replace=False)]
        contrat = np.argmin(((lieu[:, None] - graines[None]) ** 2).sum(2), 1)
        for rang, c in enumerate(np.unique(contrat), 1):
            groupe = membres[contrat == c].tolist()
            commun = [t.region_dep[d], nom_region(t.region_dep[d]), dep, f"Département simulé {dep}"]
            commun += [f"crte-{t.region_dep[d]}-{dep}-{rang}", f"CRTE du Pays de {t.nom[g.sieges[groupe[0]]]}"]
            commun += ["mono" if len(groupe) == 1 else "pluri", "0", "0"]
            supra = [" ; ".join(g.siren[e] for e in groupe), " ; ".join(g.libelles[e] for e in groupe)]
            supra.append(" ; ".join(g.natures[e] for e in groupe))
            seuls = len(groupe) > 1 and commune_seule > 0 and g.effectif[groupe[-1]] < 40
            commune_seule -= seuls
            for e in groupe[:-1] if seuls else groupe:
                rangees.append([*commun, g.siren[e], g.libelles[e], g.natures[e], *supra])
            if seuls:
                villages = g.etat.chefs[g.epci == groupe[-1]]
                for siren, village in zip(sirens_communes(villages), villages.tolist(), strict=True):
                    libelle = noms.libelle(g.etat.tncc[village], g.etat.nom[village])
                    rangees.append([*commun, siren, libelle, "COM", *supra])
    plurielles = [r for r in rangees if r[6] == "pluri"] or rangees
    for r in plurielles[: t.nombre(11)]:
        rangees.append([*r[:2], t.codes_dep[-6], f"Département simulé {t.codes_dep[-6]}", *r[4:8], "1", *r[9:]])
    rangees.sort(key=lambda r: r[2])
    colonnes = [guillemets(c, vide=True) for c in zip(*rangees, strict=True)]
    entete = ",".join(guillemets(ENTETE_CRTE))
    depot.csv("anct__contrats_crte", "2023-01-05", "datagouv_epci-and-crte.csv", entete, colonnes)


def _density_rows(t: Territoire, etat: Etat, p: Profils) -> Iterator[list]:
    vide = [None] * 11
    yield ["Grille de densité (données simulées)", *vide]
    yield ["France – Niveau de densité (7 niveaux) des communes", *vide]
    yield ["Mise en ligne le 28/05/2024       Géographie au 01/01/2024", *vide]
    yield [
        "\nCode \nCommune\n", "Libellé des communes\n", "Typo degré de \nDensité\n", "Libellé degré de densité",
        "Population \nmunicipale \n2021", *(f"Part population dans niveau {k}" for k in range(1, 8)),
    ]  # fmt: skip
    yield ["CODGEO", "LIBGEO", "DENS", "LIBDENS", "PMUN21", *(f"P{k}" for k in range(1, 8))]
    population = etat.somme(t.peuple(2021)).astype(int).tolist()
    niveau = p.niveau_densite[etat.chefs].tolist()
    principal = t.tirage("densite").uniform(62, 104, len(etat.chefs)).clip(0, 100).round(2).tolist()
    for k, (code, nom) in enumerate(zip(t.code[etat.chefs].tolist(), etat.libelles(), strict=True)):
        parts: list[float] = [0] * 7
        parts[niveau[k] - 1] = principal[k]
        parts[niveau[k] if niveau[k] < 7 else 5] = round(100 - principal[k], 2)
        yield [code, nom, niveau[k], DENSITES[niveau[k] - 1], population[k], *parts]


def _documentation() -> Iterator[list]:
    yield ["Grille de densité (données simulées)"]
    yield ["France – Niveau de densité (7 niveaux) des communes"]
    yield ["Définitions : territoire fictif, aucune commune réelle"]


def _write_ruralite(t: Territoire, h: Histoire, p: Profils, depot: Depot) -> None:
    etat, avant = h.etats["2025"], h.etats["2024"]
    rng = t.tirage("ruralite")
    u = p.urbanite[etat.chefs]
    bornes = np.cumsum(list(RURALITES.values()))[:-1] / sum(RURALITES.values())
    choix = np.searchsorted(bornes, np.clip(0.5 * u + 0.5 * rng.random(len(u)), 0, 0.9999))
    labels = [list(RURALITES)[k] for k in choix.tolist()]
    dom = [t.codes_dep[d] in OUTRE_MER for d in t.dep[etat.chefs].tolist()]
    urbain = (p.niveau_densite[etat.chefs] <= 4).tolist()
    taille = np.bincount(avant.parent, minlength=len(t)) != np.bincount(etat.parent, minlength=len(t))
    change = taille[etat.chefs].tolist()
    final = [
        CHANGEE if c else HORS_CHAMP if d or v else label
        for c, d, v, label in zip(change, dom, urbain, labels, strict=True)
    ]
    colonnes = [t.code[etat.chefs].tolist(), etat.libelles(), [" " + f for f in final]]
    depot.csv(
        "anct__ruralite", "2026-07-02", "ruralite.csv", "insee_com,lib_com,niveau_ruralite", colonnes, avant="\ufeff"
    )
