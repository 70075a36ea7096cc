"""ANCT's other lists: Aidants Connect (two Metabase exports) and host structures of digital advisers."""

from __future__ import annotations

import uuid

import numpy as np

from pilotage.simulation import noms
from pilotage.simulation.ecriture import Depot, minimal
from pilotage.simulation.histoire import Histoire
from pilotage.simulation.insee_codes import nom_region
from pilotage.simulation.portes import ASSOCIATION, BIBLIOTHEQUE, MAIRIE, MAISON, POSTE, FranceServices, Portes
from pilotage.simulation.territoire import rares

DEMARCHES = noms.mots(
    "Question 99 → Nombre Demarche Argent|Question 107 → Nombre Demarche Etranger|Question 103 → Nombre Demarche "
    "Famille|Question 106 → Nombre Demarche Justice|Question 108 → Nombre Demarche Loisirs|Question 102 → Nombre "
    "Demarche Papier|Question 104 → Nombre Demarche Social|Question 105 → Nombre Demarche Transport|Question 113 → "
    "Nombre Demarche Travail|Question 114 → Nombre Demarche Logement",
    "|",
)
ENTETE_CNFS = (
    "Raison sociale;Commune INSEE;Département;Région;Nombre de conseillers validés par le COSELEC;Date de validation "
    "en comité de sélection;Type;SIRET;Code département;Adresse;Code commune INSEE;Code postal;Investissement "
    "financier estimatif total de l’Etat;ZRR;QPV;France services"
)


def nom_structure(portes: Portes, i: int, style: int) -> str:
    """How another producer names the same door."""
    ville = portes.t.nom[portes.village[i]]
    modeles = {
        MAIRIE: ("MAIRIE DE {}", "Commune de {}", "CCAS de {}"),
        BIBLIOTHEQUE: ("MEDIATHEQUE DE {}", "Médiathèque de {}", "Bibliothèque {}"),
        POSTE: ("LA POSTE", "LA POSTE {}", "Espace France Services {}"),
        MAISON: ("FRANCE SERVICES {}", "Espace France Services de {}", "Maison France Services {}"),
        ASSOCIATION: ("ASSOCIATION SIMULEE {}", "Centre social de {}", "MJC {}"),
    }[int(portes.genre[i])]
    texte = modeles[style % 3].format(ville)
    return noms.majuscules(texte) if style % 3 == 0 else texte


def choisir(portes: Portes, sites: FranceServices, nombre: int, part_fs: float, sujet: str) -> np.ndarray:
    """Doors described by a list: France Services for a share, then associations, town halls and libraries."""
    rng = portes.t.tirage("choix " + sujet)
    fs = sites.porte[sites.ouverts("2023-12-31", avec_fermes=False)]
    fs = rng.permutation(fs)[: min(len(fs), round(nombre * part_fs))]
    autres = np.setdiff1d(np.arange(len(portes)), np.concatenate([sites.porte, portes.de(MAISON)]))
    poids = np.array([0.16, 0.12, 0.0, 0.0, 1.0])[portes.genre[autres]] * np.log1p(portes.t.population)[
        portes.village[autres]]  # fmt: skip
    utiles = min(nombre - len(fs), int((poids > 0).sum()))
    reste = rng.choice(autres, size=utiles, replace=False, p=poids / poids.sum())
    return rng.permutation(np.concatenate([fs, reste]))


def write_aidants(portes: Portes, sites: FranceServices, h: Histoire, depot: Depot) -> None:
    """Two exports of one base: the later one adds UUID and SIRET (as a float)."""
    t, rng = portes.t, portes.t.tirage("aidants")
    choix = choisir(portes, sites, t.nombre(5_227, 15), 0.2, "aidants")
    n, label = len(choix), set(sites.porte.tolist())
    sort, aidants = rng.random((n, 5)), rng.geometric(0.32, n) - (rng.random(n) < 0.06)
    zeros = [k for k, i in enumerate(choix.tolist()) if portes.cp[i].startswith("0")]
    perdus = set(zeros[1 : 1 + rares(n, 22 / 5227, 0.009)])
    actif = (rng.random(n) < 0.32)[:, None] & (rng.random((n, 12)) < 0.38)
    usagers = np.where(actif, np.ceil(rng.lognormal(1.2, 1.3, (n, 12))), 0).astype(int)
    base = []
    for k, i in enumerate(choix.tolist()):
        ville, style = portes.commune(i, h.etats["2021"]), int(sort[k, 0] * 3)
        rue = portes.adresse(i, ("usage", "majuscule", "minuscule")[style])
        sauts = sort[k, 1] < 0.06
        base.append({
            "Name": "Structure de test (données simulées)" if k == 0 else nom_structure(portes, i, style),
            "ID": str(k + 1), "UUID": str(uuid.UUID(int=(t.graine << 64) + k)),
            "Is Active": "false" if sort[k, 2] < 0.009 else "true",
            "City Insee Code": "" if sort[k, 3] < 0.043 else portes.code(i, h.etats["2021"], arrondissement=True),
            "Address": f"{rue} \n{portes.cp[i]} {ville}" if sauts else rue,
            "Zip Code": portes.cp[i].lstrip("0") if k in perdus else portes.cp[i],
            "Siret": "0.0" if sort[k, 4] < 0.004 else portes.siret[i] + ".0",
            "France Services Label": "true" if i in label else "false",
            "City": noms.majuscules(ville) if style == 1 else ville, "Nombre d'aidants": str(max(0, aidants[k])),
            "Question 110 → Nombre D'usagers Uniques": str(usagers[k, 0] or ""),
            "Question 109 → Nombre De Demarche Par Structure": str(usagers[k, 1:].sum() or ""),
            **{nom: str(usagers[k, 2 + q] or "") for q, nom in enumerate(DEMARCHES)},
        })  # fmt: skip
    for millesime, fichier in (
        ("2023-07-18", "20230718-aidants-connect-structures.csv"),
        ("2024-02-12", "20240212-aidants_connect_structures.csv"),
    ):
        recent = millesime > "2024"
        champs = [c for c in base[0] if recent or c not in ("UUID", "Siret")]
        lignes = base if recent else [r | ({"City": ""} if k % 2 else {}) for k, r in enumerate(base[: -n // 300 - 1])]
        colonnes = [minimal([r[c] for r in lignes], ",") for c in champs]
        depot.csv("anct__aidants_connect", millesime, fichier, ",".join(champs), colonnes)


def write_conseillers(portes: Portes, sites: FranceServices, h: Histoire, depot: Depot) -> np.ndarray:
    """Host structures of digital advisers, leading zeros lost; returns the doors, for the mediation lists."""
    t, rng, etat = portes.t, portes.t.tirage("conseillers"), h.etats["2022"]
    choix = choisir(portes, sites, t.nombre(2_889, 12), 0.19, "conseillers")
    n, fs = len(choix), set(sites.porte.tolist())
    combien = 1 + rng.poisson(0.22, n)
    mois, sort, errones = rng.integers(1, 19, n), rng.random((n, 4)), rares(n, 0.02, 0.025)
    rangees = []
    for k, i in enumerate(choix.tolist()):
        dep = t.codes_dep[t.dep[portes.village[i]]]
        perdu = portes.cp[i].lstrip("0")
        public = portes.genre[i] in (MAIRIE, BIBLIOTHEQUE)
        an, m = divmod(int(mois[k]) + 2, 12)
        code = portes.code(i, etat, arrondissement=True)
        faux = t.codes_dep[(t.dep[portes.village[i]] + 1) % 4] if k < errones else dep
        adresse = f"{portes.adresse(i, 'abrege')} {portes.cp[i]} {noms.majuscules(portes.commune(i, etat))}"
        rangees.append((
            noms.majuscules(nom_structure(portes, i, 0)), portes.commune(i, etat), f"Département simulé {dep}",
            nom_region(t.region_dep[t.dep[portes.village[i]]]), str(combien[k]),
            f"{1 + k % 28:02d}/{m + 1:02d}/{2021 + an}", "publique" if public else "privée", portes.siret[i],
            faux.lstrip("0"), adresse, code.lstrip("0"), perdu, str(int(combien[k]) * (55_429 if public else 37_429)),
            "oui" if sort[k, 1] < 0.2 else "non",
            ("non", "oui", "sans objet", "Non défini")[int(np.searchsorted((0.5, 0.75, 0.95), sort[k, 2]))],
            "oui" if i in fs else "non" if sort[k, 3] < 0.55 else "non renseigné",
        ))  # fmt: skip
    rangees += rangees[2 : 3 + n // 600]  # decisions written twice, as five of the real 2,889 are
    colonnes = [minimal(c, ";") for c in zip(*rangees, strict=True)]
    depot.csv(
        "anct__conseillers_numeriques", "2023-04-05", "20230405-3925-cnfs.csv", ENTETE_CNFS, colonnes, separateur=";"
    )  # fmt: skip
    return choix
