"""Insee's base of equipments: seven wide files by commune and their ranges (2021), one file by Iris (2019)."""

from __future__ import annotations

import csv
import gzip

import numpy as np

from pilotage.catalogue import get_source
from pilotage.config import RACINE
from pilotage.simulation.ecriture import Depot, classeur, texte
from pilotage.simulation.histoire import Histoire
from pilotage.simulation.insee_chiffres import Places
from pilotage.simulation.profils import Profils
from pilotage.simulation.territoire import Territoire

NOMENCLATURE = RACINE / "dbt_project" / "seeds" / "types_equipements.csv"
FICHIERS = {  # raw table: file of upstream
    "particuliers": "equip-serv-particuliers-com-2021.csv", "commerces": "equip-serv-commerce-com-2021.csv",
    "premier_degre": "equip-serv-ens-1er-degre-com-2021.csv", "sante": "equip-serv-sante-com-2021.csv",
    "medical": "equip-serv-medical-para-com-2021.csv", "action_sociale": "equip-serv-action-sociale-com-2021.csv",
    "tourisme_transports": "equip-tour-transp-com-2021.csv",
}  # fmt: skip
HABITANTS = {  # inhabitants for one equipment, in the real country; the others are drawn between villages and cities
    "A129": 1, "A206": 8_900, "A207": 24_000, "A208": 10_500, "A501": 700, "A504": 280, "B101": 32_000, "B102": 5_500,
    "B201": 11_000, "B202": 2_100, "B203": 1_600, "B316": 7_200, "C104": 2_300, "D107": 140_000, "D106": 98_000,
    "D201": 1_050, "D221": 1_750, "D232": 680, "D307": 3_150, "E107": 520_000, "E108": 68_000, "E109": 36_000,
    "F303": 32_000, "F307": 4_200, "G102": 3_800, "G103": 8_100, "G104": 8_200,
}  # fmt: skip
DICTIONNAIRES = ("commerces", "particuliers", "sante")  # the only three that were kept beside the files
ABSENTS_2019 = ("A128", "A129", "A130", "A131", "A132", "D307")
SANS_GAMME = "G"
ENTETE_GAMMES = (
    "code équipement", "regroupement_1", "regroupement_2", "regroupement_3", "libellé équipement", "gamme",
    "domaine_code", "domaine_libellé",
)  # fmt: skip


def write(t: Territoire, h: Histoire, p: Profils, depot: Depot) -> None:
    nombres = _draw(t, p)
    _write_communes(Places(t, h.etats["2022"], villes=True), nombres, depot)
    _write_gammes(depot)
    _write_iris(Places(t, h.etats["2020"], villes=False), nombres, depot)


def read_types() -> list[dict[str, str]]:
    """The nomenclature that the warehouse also reads: code, label, domain."""
    with NOMENCLATURE.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _draw(t: Territoire, p: Profils) -> dict[str, np.ndarray]:
    """Equipments of each village by type: what its people call for, more in centres than in dormitory villages."""
    rng, nombres = t.tirage("equipements"), {}
    centre = np.clip(rng.lognormal(-0.25, 0.7, len(t)) * (0.7 + 0.6 * p.urbanite), 0, 4)
    for type_ in read_types():
        code = type_["type_equipement"]
        rarete = HABITANTS.get(code) or 10 ** rng.uniform(3.1, 4.9)
        attendus = t.population / rarete * centre
        nombres[code] = np.ones(len(t), int) if code == "A129" else rng.poisson(attendus)
    return nombres


def _write_communes(places: Places, nombres: dict[str, np.ndarray], depot: Depot) -> None:
    """Wide files; a divided city and its arrondissements are both there, and the second add up to the first."""
    for table in get_source("insee__equipements").tables:
        fichier = FICHIERS.get(table.table.rpartition("__")[2])
        if fichier:
            codes = [nom.removeprefix("nb_").upper() for nom in table.noms[1:]]
            comptes = {f"NB_{code}": texte(_spread(places, nombres[code])) for code in codes}
            entetes = _order(list(comptes), table.fichiers[0].colonnes_ignorees)
            zeros = ["0"] * len(places.codes)
            colonnes = [places.codes, *(comptes.get(entete, zeros) for entete in entetes)]
            depot.csv("insee__equipements", "2021", fichier, ";".join(["CODGEO", *entetes]), colonnes, separateur=";")
            if table.table.rpartition("__")[2] in DICTIONNAIRES:
                _write_dictionary(places, codes, f"meta_{fichier}", depot)


def _order(comptes: list[str], details: list[str]) -> list[str]:
    """Headers of a wide file: each type and its own details (canteen…), then those of its private and public halves."""
    propres = [[entete, *(d for d in details if d.startswith(f"{entete}_"))] for entete in comptes]
    suite = [entete for groupe in propres for entete in groupe]
    return suite + [d for d in details if d not in suite]


def _write_dictionary(places: Places, codes: list[str], fichier: str, depot: Depot) -> None:
    """What each column means, then the name of every place."""
    libelles = {type_["type_equipement"]: type_["libelle"] for type_ in read_types()}
    lignes = [(f"NB_{code}", libelles[code], libelles[code], "", "", "NUM", "4") for code in codes]
    noms = zip(places.codes, places.libelles(), strict=True)
    lignes += [("CODGEO", "Code commune", "Code commune", code, nom, "CHAR", "5") for code, nom in noms]
    entete = "COD_VAR;LIB_VAR;LIB_VAR_LONG;COD_MOD;LIB_MOD;TYPE_VAR;LONG_VAR"
    depot.csv("insee__equipements", "2021", fichier, entete, list(zip(*lignes, strict=True)), separateur=";")


def _spread(places: Places, village: np.ndarray) -> np.ndarray:
    """Whole numbers by place; the arrondissements share their city's, the last takes what rounding left."""
    total = places.etat.somme(village).astype(int)
    resultat = total[places.rangee]
    for rang in range(len(places.t.villes)):
        ici = np.flatnonzero(places.ville == rang)
        if len(ici):
            parts = np.floor(total[places.rangee[ici[0]]] * places.part[ici]).astype(int)
            parts[-1] += total[places.rangee[ici[0]]] - parts.sum()
            resultat[ici] = parts
    return resultat


def _write_gammes(depot: Depot) -> None:
    """Four lines of title, then each type in a range; cinemas are rare, bakeries are not."""
    titres = ("Base Permanente des Équipements", "Année 2021", "Données simulées", None)
    rangees: list[list[str | None]] = [[titre] for titre in titres]
    rangees.append(list(ENTETE_GAMMES))
    for type_ in read_types():
        code, habitants = type_["type_equipement"], HABITANTS.get(type_["type_equipement"], 20_000)
        if code[0] != SANS_GAMME and code != "A129":
            gamme = "proximité" if habitants < 3_500 else "intermédiaire" if habitants < 15_000 else "supérieure"
            rangees.append([code, code, None, None, type_["libelle"], gamme, code[0], type_["domaine"]])
    depot.octets(
        "insee__equipements", "2021", "BPE_gammes_2021_internet_v2.xlsx", classeur({"Gammes BPE 2020": rangees}),
        rows=str(len(rangees)),
    )  # fmt: skip


def _write_iris(places: Places, nombres: dict[str, np.ndarray], depot: Depot) -> None:
    """Only what exists; a place of more than 10,000 people is cut into Iris, between which its equipments are dealt."""
    t = places.t
    deps = [t.codes_dep[d] for d in t.dep[places.village].tolist()]
    regions = [t.region_dep[d] for d in t.dep[places.village].tolist()]
    iris = np.where(places.population(2019) > 10_000, 3, 1)
    lignes = ["REG;DEP;DEPCOM;DCIRIS;AN;TYPEQU;NB_EQUIP"]
    for type_ in read_types():
        code = type_["type_equipement"]
        if code in ABSENTS_2019:
            continue
        compte = _spread(places, nombres[code])
        for k in np.flatnonzero(compte).tolist():
            commune, decoupe = places.codes[k], int(iris[k])
            for rang in range(decoupe):
                nombre = (int(compte[k]) + rang) // decoupe
                ou = commune if decoupe == 1 else f"{commune}_{101 + rang:04d}"
                if nombre:
                    lignes.append(f"{regions[k]};{deps[k]};{commune};{ou};2019;{code};{nombre}")
    contenu = gzip.compress(("\n".join(lignes) + "\n").encode(), mtime=0)
    depot.octets("insee__equipements_iris", "2019", "bpe19_ensemble.csv.gz", contenu, rows=str(len(lignes) - 1))
