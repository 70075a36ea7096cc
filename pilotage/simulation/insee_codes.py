"""Insee's reference files in their own formats: official code of each year, movements, départements, régions."""

from __future__ import annotations

import numpy as np

from pilotage.simulation import noms
from pilotage.simulation.ecriture import Depot, archive, guillemets, lignes
from pilotage.simulation.histoire import Etat, Histoire
from pilotage.simulation.territoire import ARRONDISSEMENTS, OUTRE_MER, Territoire

COG = {"2021": "commune2021.csv", "2022": "commune_2022.csv", "2023": "v_commune_2023.csv",
       "2024": "v_commune_2024.csv", "2025": "v_commune_2025.csv"}  # fmt: skip
ENTETE_COG = "TYPECOM,COM,REG,DEP,CTCD,ARR,TNCC,NCC,NCCENR,LIBELLE,CAN,COMPARENT"
ENTETE_MVT = (
    "MOD,DATE_EFF,TYPECOM_AV,COM_AV,TNCC_AV,NCC_AV,NCCENR_AV,LIBELLE_AV,TYPECOM_AP,COM_AP,TNCC_AP,NCC_AP,NCCENR_AP,"
    "LIBELLE_AP"
)
NOTE = "données simulées"


def nom_arrondissement(ville: str, rang: int) -> str:
    return f"{ville} {rang}{'er' if rang == 1 else 'e'} Arrondissement"


def chefs_lieux(t: Territoire, etat: Etat) -> list[int]:
    """Most populous commune (village index) of each département."""
    ordre = np.argsort(-t.population[etat.chefs], kind="stable")
    premiers: dict[int, int] = {}
    for village in etat.chefs[ordre].tolist():
        premiers.setdefault(int(t.dep[village]), village)
    return [premiers[d] for d in range(len(t.codes_dep))]


def rangees_cog(t: Territoire, etat: Etat) -> list[list[str]]:
    """Records of the official code in the order of codes, the twelve fields of 2021 on."""
    arrondissement, rangees = t.quartier.tolist(), []
    for v in etat.chefs.tolist():
        dep, tncc, nom = t.codes_dep[t.dep[v]], int(etat.tncc[v]), etat.nom[v]
        arr = f"{dep}{arrondissement[v]}" if dep != "976" else ""
        canton = f"{dep}{1 + int(t.code[v][-2:]) % 23:02d}"
        rangees.append(
            ["COM", str(t.code[v]), t.region_dep[t.dep[v]], dep, dep + "D", arr, str(tncc), noms.majuscules(nom), nom,
             noms.libelle(tncc, nom), canton, ""]
        )  # fmt: skip
    for rang, v in enumerate(t.villes.tolist()):
        dep = t.codes_dep[t.dep[v]]
        for k, code in enumerate(t.code_arrondissement(rang), 1):
            nom = nom_arrondissement(etat.nom[v], k)
            rangees.append(
                ["ARM", code, t.region_dep[t.dep[v]], dep, dep + "D", f"{dep}{arrondissement[v]}", "0",
                 noms.majuscules(nom), nom, nom, f"{dep}99", str(t.code[v])]
            )  # fmt: skip
    for genre, masque in (("COMD", etat.deleguee), ("COMA", etat.associee)):
        for v in np.flatnonzero(masque).tolist():
            tncc, nom, parent = int(t.tncc[v]), t.nom[v], str(t.code[etat.parent[v]])
            rangees.append(
                [genre, str(t.code[v]), "", "", "", "", str(tncc), noms.majuscules(nom), nom,
                 noms.libelle(tncc, nom), "", parent]
            )  # fmt: skip
    rangees.sort(key=lambda r: (r[1], ("COM", "COMA", "COMD", "ARM").index(r[0])))
    return rangees


def rangees_departements(t: Territoire, etat: Etat) -> list[list[str]]:
    """DEP, REG, CHEFLIEU, TNCC, three writings of the name."""
    rangees = []
    for d, ville in enumerate(chefs_lieux(t, etat)):
        genre = "Outre-mer simulé" if t.codes_dep[d] in OUTRE_MER else "Département simulé"
        nom = f"{genre} {t.codes_dep[d]}"
        rangees.append([t.codes_dep[d], t.region_dep[d], str(t.code[ville]), "0", noms.majuscules(nom), nom, nom])
    return sorted(rangees)


def nom_region(code: str) -> str:
    return f"Région simulée {code}"


def rangees_regions(t: Territoire, etat: Etat) -> list[list[str]]:
    """REG, CHEFLIEU, TNCC, three writings of the name; the seat is its most populous commune."""
    premiers: dict[str, int] = {}
    for d, ville in sorted(enumerate(chefs_lieux(t, etat)), key=lambda p: -t.population[p[1]]):
        premiers.setdefault(t.region_dep[d], ville)
    return [
        [code, str(t.code[ville]), "1", noms.majuscules(nom_region(code)), nom_region(code), nom_region(code)]
        for code, ville in sorted(premiers.items())
    ]


def write(t: Territoire, h: Histoire, depot: Depot) -> None:
    for annee, fichier in COG.items():
        colonnes = list(zip(*rangees_cog(t, h.etats[annee]), strict=True))
        depot.csv("insee__communes", annee, fichier, ENTETE_COG, colonnes, fin="\r\n")
    depot.octets("insee__communes", "2019", "cog_ensemble_2019_csv.zip", _zip_2019(t, h), separator="zip")
    for annee in ("2024", "2025"):
        connus = [m for m in h.mouvements if m[1] <= f"{annee}-01-01"]
        colonnes = list(zip(*connus, strict=True))
        depot.csv(
            "insee__mouvements_communes", annee, f"v_mvt_commune_{annee}.csv", ENTETE_MVT, colonnes, fin="\r\n"
        )  # fmt: skip
    etat = h.etats["2025"]
    for source, fichier, entete, rangees in (
        ("insee__departements", "v_departement_2025.csv", "DEP,REG,CHEFLIEU,TNCC,NCC,NCCENR,LIBELLE",
         rangees_departements(t, etat)),
        ("insee__regions", "v_region_2025.csv", "REG,CHEFLIEU,TNCC,NCC,NCCENR,LIBELLE", rangees_regions(t, etat)),
    ):  # fmt: skip
        depot.csv(source, "2025", fichier, entete, list(zip(*rangees, strict=True)), fin="\r\n")


def _zip_2019(t: Territoire, h: Histoire) -> bytes:
    """The whole edition of 2019: two states of the year, lower-case headers, codes quoted, a BOM on the communes."""
    membres: dict[str, bytes] = {}
    janvier = h.etats["2019"]
    for jour, etat in (("01012019", janvier), ("01042019", h.etats["2019-04"])):
        c = list(zip(*rangees_cog(t, etat), strict=True))
        entete = '"typecom","com","reg","dep","arr","tncc","ncc","nccenr","libelle","can","comparent"'
        colonnes = [c[0], *(guillemets(c[k]) for k in (1, 2, 3, 5, 6)), *c[7:10], *(guillemets(c[k]) for k in (10, 11))]
        membres[f"communes-{jour}.csv"] = _member(entete, colonnes, bom=True)
        limite = f"2019-{jour[2:4]}-01"
        connus = [
            [m[0], f"{m[1][8:]}/{m[1][5:7]}/{m[1][2:4]}", *m[2:]] for m in h.mouvements if m[1] <= limite
        ]  # fmt: skip
        membres[f"mvtcommune-{jour}.csv"] = _member(ENTETE_MVT.lower(), list(zip(*connus, strict=True)))
    deps = list(zip(*rangees_departements(t, janvier), strict=True))
    membres["departement2019.csv"] = _member(
        '"dep","reg","cheflieu","tncc","ncc","nccenr","libelle"', [*map(guillemets, deps[:4]), *deps[4:]]
    )
    regions = list(zip(*rangees_regions(t, janvier), strict=True))
    membres["region2019.csv"] = _member(
        '"reg","cheflieu","tncc","ncc","nccenr","libelle"', [*map(guillemets, regions[:3]), *regions[3:]]
    )
    membres["LISEZ-MOI.txt"] = f"{NOTE} : territoire fictif, {sum(ARRONDISSEMENTS)} arrondissements\n".encode()
    return archive(dict(sorted(membres.items())))


def _member(entete: str, colonnes: list, *, bom: bool = False) -> bytes:
    corps = "".join([entete, "\r\n", *lignes(colonnes, ",", "\r\n")])
    return corps.encode("utf-8-sig" if bom else "utf-8")
