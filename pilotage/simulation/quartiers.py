"""Priority quarters: three files whose communes are told by name only, before hundreds of empty columns."""

from __future__ import annotations

import numpy as np

from pilotage.simulation import noms
from pilotage.simulation.ecriture import Depot, decimal, masque
from pilotage.simulation.histoire import Histoire
from pilotage.simulation.insee_codes import nom_arrondissement
from pilotage.simulation.profils import Profils
from pilotage.simulation.territoire import Territoire

DEMO = (
    "CODGEO;LIBGEO;POP_MUN;POP_COM_QP;POP_COM;LIB_COM;TX_F;TX_TOT_0A24;TX_F_0A24;TX_TOT_60ETPLUS;TX_F_60ETPLUS;"
    "IND_JEUNE;TX_TOT_MEN1;TX_TOT_MEN6;TX_TOT_ET;TX_F_ET;NOTE_RP;A;PERCOU;AM;AI;ACSSENF;ACAVENF;AC3ENF;A_NETUD_24;"
    "A_ETUD;ENF;ENF_2;ENF_3_5;ENF_6_10;ENF_11_14;ENF_15_17;ENF_18_24;NOTE_CNAF"
)
IPRO = (
    "CODGEO;LIBGEO;TX_TOT_EMPL;TX_F_EMPL;TX_ET_EMPL;TX_TOT_EDLIM;TX_F_EDLIM;TX_ET_EDLIM;CA;NOTE_ASP;EVOL_CA_N_E ;"
    "NOTE_ASP_E;ABCDE;ABCDE_F;ABCDE_H;ABC;ABC_F;ABC_H;ABC_RSA;ABC_RSA_F;ABC_RSA_H;A;A_F;A_H;ABC_25;ABC_2649;ABC_50;"
    "ABC_FR;ABC_E;ABC_INFCAPBEP;ABC_CAPBEP;ABC_BAC;ABC_SUPBAC;ABC_INFCAPBEP_F;ABC_CAPBEP_F;ABC_BAC_F;ABC_SUPBAC_F;"
    "ABC_INFCAPBEP_H;ABC_CAPBEP_H;ABC_BAC_H;ABC_SUPBAC_H;ABC_DUR1;ABC_DUR2;ABC_DUR3;ABC_DUR4;ABC_DUR1_F;ABC_DUR2_F;"
    "ABC_DUR3_F;ABC_DUR4_F;ABC_DUR1_H;ABC_DUR2_H;ABC_DUR3_H;ABC_DUR4_H;NOTE_PE;EVOL_ABC_T4;EVOL_ABC_F_T4;"
    "EVOL_ABC_H_T4;EVOL_A_T4;EVOL_A_F_T4;EVOL_A_H_T4;NOTE_PE_T"
)
REVN = (
    "CODGEO;LIBGEO;PMIMP;DECUC_Q2;DECUC_Q1;DECUC_Q3;BREV;DECUC_D1;DECUC_D9;DECUC_D1D9;DISP_Q2;DISP_Q1;DISP_Q3;TP60;"
    "DISP_D1;DISP_D9;DISP_D1D9;PACT;PPEN;PPSOC;PIMPOT;PPAT;NOTE_FILO;C;C_C2SNP;C_C2SP;NOTE_CNAM;A;APPA;ARSAS;AAAH;"
    "NOTE_CNAF"
)
LARGEURS = {"DEMO": 191, "IPRO": 226, "REVN": 1024}  # columns of the real files, empty ones counted
MINIMUM = 400  # inhabitants of the smallest quarter


def write(t: Territoire, h: Histoire, p: Profils, depot: Depot) -> None:
    quartiers = _draw(t, h, p)
    rng, n = t.tirage("quartiers chiffres"), len(quartiers["code"])
    population, pauvrete = quartiers["population"], quartiers["pauvrete"]
    abc = np.floor(population * 0.13).astype(int)
    connu = rng.random(n) < 0.93
    taux = {nom: decimal(rng.uniform(*bornes, n), 1) for nom, bornes in {
        "TX_F": (48, 56), "TX_TOT_0A24": (30, 45), "TX_TOT_60ETPLUS": (12, 24), "TX_TOT_MEN1": (30, 52),
        "TX_TOT_ET": (12, 35), "TX_TOT_EMPL": (35, 55), "TX_TOT_EDLIM": (18, 32), "PPSOC": (14, 30),
    }.items()}  # fmt: skip
    revenu = np.rint((22_000 - 16_000 * pauvrete) / 10).astype(int) * 10
    entiers = {
        "POP_MUN": population, "POP_COM_QP": quartiers["population_qp"], "POP_COM": quartiers["population_communes"],
        "A": np.floor(population * 0.3), "PERCOU": np.floor(population * 0.72), "CA": np.floor(population * 0.004),
        "ABCDE": np.ceil(abc * 1.1), "ABC": abc, "ABC_F": abc // 2, "ABC_H": abc - abc // 2, "ABC_RSA": abc // 4,
        "ABC_25": abc // 7, "ABC_50": abc // 4, "ABC_2649": abc - abc // 7 - abc // 4, "ABC_INFCAPBEP": abc // 4,
        "DISP_Q2": revenu, "DISP_Q1": revenu * 3 // 4, "DISP_Q3": revenu * 4 // 3, "DISP_D1": revenu // 2,
        "DISP_D9": revenu * 2, "ARSAS": np.floor(population * 0.06),
    }  # fmt: skip
    champs = {nom: _thousands(x.astype(int)) for nom, x in entiers.items()}
    champs |= {nom: masque([v.replace(".", ",") for v in x], connu) for nom, x in taux.items()}
    champs |= {"TP60": [v.replace(".", ",") for v in decimal(100 * pauvrete, 1)]}
    champs |= {"CODGEO": quartiers["code"], "LIBGEO": quartiers["nom"], "LIB_COM": quartiers["communes"]}
    for fichier, entete in (("DEMO", DEMO), ("IPRO", IPRO), ("REVN", REVN)):
        vide = LARGEURS[fichier] - entete.count(";") - 1
        colonnes = [champs.get(nom) or (["0"] * n if nom.startswith("NOTE") else [""] * n) for nom in entete.split(";")]
        colonnes += [[""] * n] * vide
        depot.csv(
            "insee__qpv", "2022", f"{fichier}_2022.csv", entete + ";" * vide, colonnes, separateur=";", fin="\r\n",
            avant="\ufeff", derniere_fin=False,
        )  # fmt: skip


def _thousands(values: np.ndarray) -> list[str]:
    return [f"{v:,}".replace(",", "\u202f") for v in values.tolist()]


def _draw(t: Territoire, h: Histoire, p: Profils) -> dict:
    """Quarters of the largest and poorest communes; one in twenty spans two neighbours of a département."""
    etat, rng = h.etats["2022"], t.tirage("quartiers")
    population = etat.somme(t.peuple(2018)).astype(int)
    attrait = np.log1p(population) + 6 * p.pauvrete[etat.chefs] + rng.normal(0, 0.3, len(population))
    hotes = np.argsort(-attrait, kind="stable")
    hotes = hotes[population[hotes] > 3 * MINIMUM][: t.nombre(860, 3)]
    libelles = etat.libelles()
    noms_ville = {int(v): [nom_arrondissement(etat.nom[v], k + 1) for k in range(3)] for v in t.villes.tolist()}
    rangees: list[tuple] = []
    rangs: dict[str, int] = {}
    for hote in sorted(hotes.tolist(), key=lambda k: t.code[etat.chefs[k]]):
        village = int(etat.chefs[hote])
        dep = t.codes_dep[t.dep[village]]
        voisins = [k for k in hotes.tolist() if k != hote and t.dep[etat.chefs[k]] == t.dep[village]]
        nombre = 1 + min(6, int(population[hote]) // 40_000)
        habitants = rng.integers(MINIMUM, max(MINIMUM + 1, int(population[hote]) // (3 * nombre)), nombre)
        for k, effectif in enumerate(habitants.tolist()):
            rangs[dep] = rangs.get(dep, 0) + 1
            deux = bool(voisins) and rng.random() < 0.05
            communes = sorted({hote, voisins[0]}) if deux else [hote]
            ecrites = ", ".join(libelles[c] for c in communes)
            if village in noms_ville:  # a quarter of a divided city is told by its arrondissements
                ecrites = ", ".join(noms_ville[village][: 1 + k % 2])
            somme = int(population[communes].sum())
            rangees.append((
                f"QP{dep:0>3}{rangs[dep]:03d}", f"Quartier {noms.radicaux(rng, 1)[0]}", ecrites, effectif,
                min(somme, int(habitants.sum()) + (effectif if deux else 0)), somme,
                float(np.clip(p.pauvrete[village] * 1.6 + 0.12, 0.15, 0.75)),
            ))  # fmt: skip
    code, nom, communes_, effectifs, qp, sommes, pauvrete = zip(*rangees, strict=True)
    return {
        "code": list(code), "nom": list(nom), "communes": list(communes_), "population": np.array(effectifs),
        "population_qp": np.array(qp), "population_communes": np.array(sommes), "pauvrete": np.array(pauvrete),
    }  # fmt: skip
