"""The digital presence of local authorities, as the « Suite territoriale » exports it every day (CSV, gzip)."""

from __future__ import annotations

import gzip

import numpy as np

from pilotage.simulation.ecriture import Depot, lignes, minimal
from pilotage.simulation.histoire import Histoire
from pilotage.simulation.insee_codes import nom_region
from pilotage.simulation.profils import Profils, rang_relatif
from pilotage.simulation.territoire import Territoire

ENTETE = (
    "type;siret;siren;libelle;population;code_insee;code_postal;epci_libelle;epci_siren;epci_siret;epci_population;"
    "departement_code_insee;departement_siret;region_code_insee;region_siret;adresse_messagerie;site_internet;telephone;"
    "rpnt;service_public_url"
)
SITE, MESSAGERIE = [f"1.{k}" for k in range(1, 9)], [f"2.{k}" for k in range(1, 9)]
EXIGES = {  # level: criteria that it takes
    "1.a": set(SITE[:6]), "1.aa": set(SITE), "2.a": {"2.1", "2.2", "2.3", "2.4", "2.5", "2.8"}, "2.aa": set(MESSAGERIE),
    "a": {*SITE[:5], "2.1", "2.2", "2.3", "2.4", "2.5", "2.8"}, "aa": {*SITE, *MESSAGERIE},
}  # fmt: skip


def write(t: Territoire, h: Histoire, p: Profils, depot: Depot) -> None:
    etat, rng = h.etats["2025"], t.tirage("presence numerique")
    population = etat.somme(t.peuple(2022)).astype(int)
    aisance = rang_relatif(population + 1.0)
    rangees = []
    for k, (village, nom) in enumerate(zip(etat.chefs.tolist(), etat.libelles(), strict=True)):
        if population[k] == 0:
            continue
        dep, code = int(t.dep[village]), str(t.code[village])
        siren = f"21{k:07d}"
        teste = rng.random() > 0.01
        criteres = _draw_criteria(rng, float(aisance[k])) if teste else []
        contact = (f"mairie@commune{k}.exemple", f"https://www.commune{k}.exemple") if criteres else ("", "")
        rangees.append((
            "commune", f"{siren}00011" if teste else "", siren, nom, str(population[k]), code, code, "", "", "", "0",
            t.codes_dep[dep], "", t.region_dep[dep], "", *contact, "", ",".join(criteres), "",
        ))  # fmt: skip
    for k, region in enumerate(sorted(set(t.region_dep))):
        siege = t.region_dep.index(region)
        village = next(v for v in etat.chefs.tolist() if t.dep[v] == siege)
        siren = f"23{k:07d}"
        rangees.append((
            "region", f"{siren}00011", siren, nom_region(region), "0", str(t.code[village]), str(t.code[village]), "",
            "", "", "0", t.codes_dep[siege], "", region, "", "", "", "", ",".join(_draw_criteria(rng, 1.0)), "",
        ))  # fmt: skip
    colonnes = [minimal(colonne, ";") for colonne in zip(*rangees, strict=True)]
    texte = ENTETE + "\r\n" + "".join(lignes(colonnes, ";", "\r\n"))
    contenu = gzip.compress(texte.encode(), mtime=0)
    depot.octets("anct__presence_numerique", "2025-12", "dpnt-quotidien.csv.gz", contenu, rows=str(len(rangees)))


def _draw_criteria(rng: np.random.Generator, aisance: float) -> list[str]:
    """Larger communes respect more of them; without a site or a mail box, none of the others hold."""
    tenus: set[str] = set()
    for famille in (SITE, MESSAGERIE):
        if rng.random() < 0.75 + 0.24 * aisance:
            tenus.add(famille[0])
            tenus |= {c for c in famille[1:] if rng.random() < 0.72 + 0.25 * aisance}
    return sorted(tenus) + [niveau for niveau, exiges in EXIGES.items() if exiges <= tenus]
