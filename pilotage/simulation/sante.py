"""Health: maternities by year (Drees), liberal professionals by département (Cnam), one region of Finess."""

from __future__ import annotations

import numpy as np

from pilotage.simulation import noms
from pilotage.simulation.ecriture import Depot, minimal
from pilotage.simulation.histoire import Histoire
from pilotage.simulation.insee_codes import nom_region
from pilotage.simulation.territoire import Territoire

MATERNITES = dict(zip(range(2013, 2024), (535, 532, 520, 515, 500, 491, 480, 478, 472, 464, 457), strict=True))
ENTETE_MATERNITES = "ANNEE;NOM_MAT;TYPE;STATUT;FI_ET;FI_EJ;COM;NOMCOM;CPO;ADRESSE;LIT_OBS;SALTRAV;ACCTOT"
LETTRES = {"971": "A", "972": "B", "973": "C", "974": "D", "976": "F"}
ENTETE_CNAM = (
    "annee,profession_sante,region,libelle_region,departement,libelle_departement,classe_age,libelle_classe_age,"
    "libelle_sexe,effectif,densite,vision_generale_all,vision_generale_prescriptions,vision_profession_territoire"
)
DENSITES = {  # professionals per 100,000 inhabitants; an «Ensemble» adds up those that follow it
    "Ensemble des médecins": (
        "Ensemble des médecins généralistes", "Ensemble des médecins spécialistes (hors généralistes)"),
    "Ensemble des médecins généralistes": (
        "Médecins généralistes (hors médecins à expertise particulière - MEP)",
        "Médecins généralistes à expertise particulière (MEP)",
    ),
    "Médecins généralistes (hors médecins à expertise particulière - MEP)": 76.0,
    "Médecins généralistes à expertise particulière (MEP)": 5.5,
    "Ensemble des médecins spécialistes (hors généralistes)": (
        "Cardiologues", "Pédiatres", "Psychiatres", "Autres médecins"),
    "Cardiologues": 7.3, "Pédiatres": 4.0, "Psychiatres": 9.2, "Autres médecins": 62.0,
    "Ensemble des chirurgiens-dentistes": (
        "Chirurgiens-dentistes (hors spécialistes d'orthopédie dento-faciale - ODF)",
        "Chirurgiens-dentistes spécialistes d'orthopédie dento-faciale (ODF)",
    ),
    "Chirurgiens-dentistes (hors spécialistes d'orthopédie dento-faciale - ODF)": 54.0,
    "Chirurgiens-dentistes spécialistes d'orthopédie dento-faciale (ODF)": 3.0,
    "Infirmiers": 144.0, "Masseurs-kinésithérapeutes": 119.0, "Sages-femmes": 12.0,
}  # fmt: skip
ENTETE_FINESS = (
    "numero finess etablissement juridique,numero finess etablissement,libelle description equipement sociaux,"
    "libta_equipement,rsej,activite,libelle activite,forme,libelle forme,nofinessej_1,raison_sociale,rslongue,"
    "code commune,departement,libelle departement,categetab,categorie,latitude,longitude,type d etablissements,"
    "code_insee"
)
CATEGORIES = (  # code, label, family, share
    ("620", "Pharmacie d'Officine", "Soins de ville", 0.37),
    ("500", "Etablissement d'hébergement pour personnes âgées dépendantes", "Personnes âgées", 0.2),
    ("460", "Service autonomie aide (SAA)", "Personnes âgées", 0.2),
    ("603", "Maison de santé (L.6223-3)", "Soins de ville", 0.09),
    ("124", "Centre de Santé", "Soins de ville", 0.08),
    ("355", "Centre Hospitalier (C.H.)", "Hopitaux cliniques", 0.06),
)
ACTIVITES = (("01", "Médecine"), ("02", "Chirurgie"), ("14", "Médecine d'urgence"))


def write(t: Territoire, h: Histoire, depot: Depot) -> None:
    _write_maternites(t, h, depot)
    _write_professionnels(t, depot)
    _write_finess(t, h, depot)


def finess(dep: str, rang: int) -> str:
    return f"{dep[:2]}{9_000_000 + rang:07d}"


def _write_maternites(t: Territoire, h: Histoire, depot: Depot) -> None:
    """The same places from year to year, the smallest closing one after the other."""
    rng, etat = t.tirage("maternites"), h.etats["2021"]
    total = t.nombre(MATERNITES[2013], 8)
    merite = np.log1p(t.population) + rng.gumbel(0, 0.8, len(t))
    villages = np.argsort(-merite, kind="stable")[:total]
    naissances = np.maximum(80, np.rint(1_500 * rng.lognormal(-0.3, 0.7, total)))
    villages = villages[np.argsort(-naissances, kind="stable")].tolist()
    naissances = np.sort(naissances)[::-1]
    rangees = []
    for annee, reel in MATERNITES.items():
        for rang in range(min(total, max(6, round(total * reel / MATERNITES[2013])))):
            village = villages[rang]
            dep, code = t.codes_dep[t.dep[village]], str(t.code[etat.parent[village]])
            pmsi = f"9{LETTRES[dep]}{code[2:]}" if dep in LETTRES else code
            nees = int(naissances[rang] * (1 - 0.012 * (annee - 2013)))
            rangees.append((
                str(annee), f"MATERNITE SIMULEE {rang + 1}", ("3", "2b", "2a", "1")[min(3, 4 * rang // total)],
                ("PUBLIC", "PRIVE LUCRATIF", "PRIVE NON LUCRATIF")[rang % 5 % 3], finess(dep, rang),
                finess(dep, 500_000 + rang), pmsi, noms.majuscules(t.nom[village]), f"{code[:2]}000",
                "" if rang % 50 == 49 else "1 RUE DE LA SIMULATION", str(max(2, nees // 45)), str(max(1, nees // 400)),
                str(nees),
            ))  # fmt: skip
    colonnes = list(zip(*rangees, strict=True))
    depot.csv(
        "drees__maternites", "2023", "annuaire_maternites_DREES.csv", ENTETE_MATERNITES, colonnes, separateur=";",
        fin="\r\n", avant="\ufeff",
    )  # fmt: skip


def _write_professionnels(t: Territoire, depot: Depot) -> None:
    """Detail by département with the totals of regions (département 999) and of France (region 99) among it."""
    rng, deps = t.tirage("professionnels"), len(t.codes_dep)
    population = np.bincount(t.dep, t.peuple(2022), deps)
    effectifs: dict[str, np.ndarray] = {}
    for profession, densite in DENSITES.items():
        if not isinstance(densite, tuple):
            effectifs[profession] = np.rint(population * densite / 1e5 * rng.lognormal(0, 0.25, deps))
    for profession, parts in reversed(list(DENSITES.items())):
        if isinstance(parts, tuple):
            effectifs[profession] = sum((effectifs[x] for x in parts), np.zeros(deps))
    regions = np.array(t.region_dep)
    rangees = []
    for profession in DENSITES:
        lieux = [(regions[d], t.codes_dep[d], f"Département simulé {t.codes_dep[d]}", [d]) for d in range(deps)]
        lieux += [(r, "999", "Tout département", np.flatnonzero(regions == r)) for r in sorted(set(t.region_dep))]
        lieux.append(("99", "999", "FRANCE", np.arange(deps)))
        for region, dep, nom, membres in lieux:
            nombre, habitants = effectifs[profession][membres].sum(), population[membres].sum()
            libelle = "FRANCE" if region == "99" else nom_region(str(region))
            rangees.append((
                "2024", profession, str(region), libelle, dep, nom, "tout_age", "Tout âge", "tout sexe",
                str(int(nombre)), f"{1e5 * nombre / max(1, habitants):.1f}", "oui", "oui", "oui",
            ))  # fmt: skip
    ordre = rng.permutation(len(rangees))
    colonnes = [minimal(c, ",") for c in zip(*(rangees[k] for k in ordre.tolist()), strict=True)]
    depot.csv(
        "cnam__professionnels_sante", "2024", "toutes_specialites_departement.csv", ENTETE_CNAM, colonnes,
        fin="\r\n", avant="\ufeff",
    )  # fmt: skip


def _write_finess(t: Territoire, h: Histoire, depot: Depot) -> None:
    """One region only; hospitals and homes come on several lines, one an activity or a social equipment."""
    rng, etat = t.tirage("finess"), h.etats["2025"]
    region = t.region_dep[0]
    ici = np.flatnonzero(np.array([t.region_dep[d] == region for d in t.dep.tolist()]) & (t.population > 0))
    poids = t.population[ici] ** 0.8
    n = max(15, round(len(ici) * 2.2))
    villages = rng.choice(ici, size=n, p=poids / poids.sum())
    genre = rng.choice(len(CATEGORIES), size=n, p=[c[3] for c in CATEGORIES])
    rangees = []
    for k, village in enumerate(villages.tolist()):
        code, (categorie, libelle, famille, _) = str(t.code[etat.parent[village]]), CATEGORIES[genre[k]]
        dep = t.codes_dep[t.dep[village]]
        nom = f"ETABLISSEMENT SIMULE {k + 1}"
        position = (f"{t.lat[village] + rng.normal(0, 0.01):.12f}", f"{t.lon[village] + rng.normal(0, 0.01):.12f}")
        fin = (finess(dep, 700_000 + k), nom, nom, code[len(dep):].rjust(3, "0"), dep, f"DEPARTEMENT {dep}", categorie,
               libelle, *position, famille, code)  # fmt: skip
        if categorie == "355":
            debuts = [
                ("", finess(dep, k), "", "", "ENTITE SIMULEE", *a, "01", "Hospitalisation complète") for a in ACTIVITES
            ]
        elif famille == "Personnes âgées":
            sociaux = ("Accueil pour Personnes Âgées", "Accueil temporaire pour Personnes Âgées")
            debuts = [
                (finess(dep, 700_000 + k), finess(dep, k), s, "Hébergement Complet Internat", "", "", "", "", "")
                for s in sociaux
            ]
        else:
            debuts = [("", finess(dep, k), *[""] * 7)]
        rangees += [(*d, *fin) for d in debuts]
    colonnes = [minimal(c, ",") for c in zip(*rangees, strict=True)]
    depot.csv("drees__finess", "2025-occitanie", "finess_occitanie2.csv", ENTETE_FINESS, colonnes)
