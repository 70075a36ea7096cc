"""ARCEP's files: fibre deployment of 2018 (three sheets), speeds of 2019, fibre of 2025 (third party), mobile sites."""

from __future__ import annotations

import numpy as np

from pilotage.simulation.ecriture import Depot, decimal, masque, minimal, texte
from pilotage.simulation.groupements import Groupements
from pilotage.simulation.histoire import Etat, Histoire
from pilotage.simulation.noms import majuscules
from pilotage.simulation.profils import Profils
from pilotage.simulation.territoire import OUTRE_MER, Territoire

COLLECTIVITES = (("97701", "07", "977", 4_978), ("97801", "08", "978", 17_677))  # code, region, département, dwellings
CLASSES = (0.1, 0.25, 0.5, 0.8)
PLANCHERS = np.array([5, 10, 25, 50, 80])
SITES = {  # file's prefix: (territory, sites in reality, operators)
    "GUA": ("971", 513, "34001 34002 34008 34020"), "GUY": ("973", 266, "34001 34002 34020"),
    "MAR": ("972", 484, "34001 34002 34008 34020"), "MAY": ("976", 149, "64700 64702 64710"),
    "REU": ("974", 1029, "64700 64702 64704 64710"), "STB": ("", 22, "34001 34008 34020"),
    "STM": ("", 41, "34001 34002 34008 34020"),
}  # fmt: skip
ILES = {"STB": (-62.83, 17.9), "STM": (-63.06, 18.07)}
DEBITS = (
    "code_insee;nom_com;code_dep;code_reg;nbr;type;inel_hd;elig_hd05;elig_hd3;elig_hd8;elig_thd30;elig_thd100;"
    "elig_thd1g;date"
)
AVERTISSEMENT = (
    "Version beta : les données sont présentées en l’état et ne sont pas toutes fiables, certaines devant encore être "
    "améliorées (données simulées)\n"
)
FIBRE = ("fibre", "cable", "dsl", "thd_radio", "4g_fixe", "hd_radio", "satellite")


def write(t: Territoire, h: Histoire, p: Profils, depot: Depot) -> None:
    _write_deploiement(t, h.etats["2018"], p, depot)
    _write_debits(t, h.etats["2018"], p, depot)
    _write_fibre_2025(t, h, p, depot)
    for prefixe in SITES:
        _write_sites(t, prefixe, depot)


def _accounting(valeurs: np.ndarray) -> list[str]:
    """Accounting format of a sheet: « 12 394    » with no-break spaces, «-» for nothing."""
    return [" -    " if v == 0 else f" {v:,}    ".replace(",", "\u00a0") for v in valeurs.tolist()]


def _banner(titre: str, largeur: int) -> str:
    vide = "," * (largeur - 1)
    return f"Réseaux en fibre optique jusqu'à l'abonné (FttH){vide}\n{titre}{vide}\n{vide}\n{vide}\n"


def _write_deploiement(t: Territoire, etat: Etat, p: Profils, depot: Depot) -> None:
    chefs, n = etat.chefs, len(etat.chefs)
    logements = etat.somme(np.ceil(p.logements)).astype(int)
    etablissements = etat.somme(p.etablissements).astype(int)
    population = etat.somme(t.population)
    urbain = p.urbanite[chefs]
    dense = np.argsort(np.argsort(-population, kind="stable"), kind="stable") < t.nombre(106, 3)
    amii = (urbain > 0.9) & ~dense
    operateur = np.array(["FRTE ", "SFR0 ", "FRTE-SFR0 ", "FRTE partielle "])
    choix = t.tirage("amii").choice(4, size=n, p=(0.81, 0.18, 0.005, 0.005))
    debut = [p.part_fibre(a) for a in (2017.75, 2018.0, 2018.25)]
    lignes_fibre = np.stack([etat.somme(np.floor(d * p.locaux)) for d in debut], 1).astype(int)
    oi = np.array(["FRTE", "ONUM", "SIEA", "THD4", "SFR0", "THDB"])[t.tirage("oi").integers(6, size=n)]
    siren = ["200000000", *Groupements(t, etat, 2018).siren]
    sur = [" -    ", " 1    "]

    def _flag(condition: np.ndarray) -> list[str]:
        return [sur[int(v)] for v in condition.tolist()]

    colonnes = [
        t.code[chefs].tolist(), etat.libelles(), [t.region_dep[d] for d in t.dep[chefs].tolist()],
        [t.codes_dep[d] for d in t.dep[chefs].tolist()],
        [siren[e + 1] if e >= 0 else " " for e in t.epci[chefs].tolist()], _accounting(logements),
        _accounting(etablissements), _flag(dense), masque(operateur[choix].tolist(), amii, " -    "),
        _flag((urbain > 0.87) & (urbain < 0.9)), _flag(urbain < 0.8), _flag(p.champ("montagne")[chefs] > 1.1),
        masque(oi.tolist(), lignes_fibre[:, 2] > 0),
    ]  # fmt: skip
    rangees = list(zip(*colonnes, strict=True))
    for code, region, dep, nombre in COLLECTIVITES:
        rangees.append((
            code, f"Collectivité simulée {dep}", region, dep, " ", *_accounting(np.array([nombre])), *[sur[0]] * 6, "")
        )  # fmt: skip
    rangees.sort(key=lambda r: (majuscules(r[1]), r[0]))
    entete = (
        "Code commune,Nom commune,Code région,Code département,Siren EPCI,Logements,Établissements,Zones très denses,"
        "Engagements L. 33-13,Intentions privées hors engagement L. 33-13,Commune rurale,Commune de montagne,OI 2018 T1"
    )
    source, millesime = "arcep__deploiement_fibre", "2018T1"
    depot.csv(
        source, millesime, "communes.csv", entete, list(zip(*rangees, strict=True)),
        avant=_banner("Informations à l'échelle de la commune (données simulées)", 13),
    )  # fmt: skip
    _write_ftth(t, etat, lignes_fibre, logements + etablissements, depot)
    sommaire = [f"{a},{b},{c},{d}\n" for a, b, c, d in _summary()]
    depot.octets(source, millesime, "sommaire.csv", "".join(sommaire).encode(), separator="comma")


def _write_ftth(t: Territoire, etat: Etat, fibre: np.ndarray, locaux: np.ndarray, depot: Depot) -> None:
    """Two records by commune: premises passed, then the floor of the class of rates, for three quarters."""
    taux = fibre / np.maximum(locaux, 1)[:, None]
    categorie = np.where(fibre > 0, PLANCHERS[np.searchsorted(CLASSES, taux, side="right")], 0)
    codes = [*t.code[etat.chefs].tolist(), *(c[0] for c in COLLECTIVITES)]
    ajout = np.array([[0, 0, 0], [65, 86, 143]])
    valeurs = np.vstack([fibre, ajout]).repeat(2, 0)
    valeurs[1::2] = np.vstack([categorie, [[0, 0, 0], [5, 5, 5]]])
    champs = ["Locaux Raccordables", "Catégorie"] * len(codes)
    colonnes = [[c for c in codes for _ in (0, 1)], champs, *(texte(valeurs[:, k]) for k in range(3))]
    depot.csv(
        "arcep__deploiement_fibre", "2018T1", "ftthCommunes.csv", "Code commune,Champ,T3 2017,T4 2017,T1 2018",
        colonnes, avant=_banner("Déploiement par Commune", 5),
    )  # fmt: skip


def _summary() -> list[tuple[str, str, str, str]]:
    textes = [
        ("Open Data - ARCEP", "", "", ""),
        ("Observatoire des déploiements des réseaux et services fixes", "", "", ""),
        ("Données simulées, territoire fictif", "", "", ""), ("", "", "", ""), ("", "Sommaire", "", ""),
        ("", "", "FttH par Communes", "Données à la maille de la commune, simulées."),
        ("", "Définitions", "", ""),
        ("", "", "Opérateur d'infrastructure (OI)\n(ou Opérateur d'immeuble)", "Opérateur, au sens simulé du terme."),
        ("", "Catégories de taux de couverture :", "", ""), ("", "", "  0 : aucune ligne", ""),
    ]  # fmt: skip
    planchers = ["  5 : moins de 10%", *(f"{a} : de {a}% à {b}%" for a, b in ((10, 25), (25, 50), (50, 80)))]
    planchers.append("80 : plus de 80%")
    textes += [("", "", f"{x} de locaux raccordables", "") for x in planchers]
    return [tuple(minimal(x, ",")) for x in textes]


def _write_debits(t: Territoire, etat: Etat, p: Profils, depot: Depot) -> None:
    """Exclusive classes that sum to the number of premises, in no order, after a warning sentence."""
    rng, chefs = t.tirage("debits"), etat.chefs
    n = len(chefs)
    nbr = etat.somme(p.locaux).astype(int) * (rng.random(n) > 0.012)
    fibre = np.minimum(np.floor(etat.somme(p.part_fibre(2019.75) * p.locaux)), nbr).astype(int)
    parts = np.stack([
        np.where(rng.random(n) < 0.048, rng.beta(1, 6, n), 0), np.where(rng.random(n) < 0.006, rng.beta(1, 9, n), 0),
        np.where(rng.random(n) < 0.006, rng.beta(1, 9, n), 0),
        np.where(rng.random(n) < 0.54, rng.beta(1, 3, n), 0), np.where(rng.random(n) < 0.021, rng.beta(1, 3, n), 0),
    ], 1)  # fmt: skip
    parts /= np.maximum(parts.sum(1, keepdims=True), 1)
    classes = np.floor(parts * (nbr - fibre)[:, None]).astype(int)
    adsl = nbr - fibre - classes.sum(1)
    ordre = rng.permutation(n)
    texte_de = [t.code[chefs], np.array(etat.libelles(), dtype=object)]
    texte_de += [np.array(x, dtype=object)[t.dep[chefs]] for x in (t.codes_dep, t.region_dep)]
    chiffres = [classes[:, 0], classes[:, 1], classes[:, 2], adsl, classes[:, 3], classes[:, 4], fibre]
    colonnes = [texte(c[ordre]) for c in (*texte_de, nbr)] + [["logloc"] * n]
    colonnes += [texte(c[ordre]) for c in chiffres] + [["2019-09-30"] * n]
    for code, region, dep, nombre in COLLECTIVITES:
        ligne = [code, f"Collectivité simulée {dep}", dep, region, str(nombre), "logloc", "0", "0", "0", str(nombre)]
        for colonne, valeur in zip(colonnes, [*ligne, "0", "0", "0", "2019-09-30"], strict=True):
            colonne.append(valeur)
    depot.csv(
        "arcep__debits", "2019-09-30", "commune-debit-beta.csv", DEBITS, colonnes, separateur=";",
        avant=AVERTISSEMENT,
    )  # fmt: skip


def _write_fibre_2025(t: Territoire, h: Histoire, p: Profils, depot: Depot) -> None:
    """A third party's table: a few codes of former years, a few communes absent, whole numbers as floats."""
    rng, etat = t.tirage("fibre 2025"), h.etats["2024"]
    anciens = np.setdiff1d(h.etats["2021"].chefs, etat.chefs)
    anciens = anciens[rng.permutation(len(anciens))[: t.nombre(13)]]
    habites = etat.somme(np.rint(p.locaux * 1.04))
    gardes = rng.permutation(len(etat.chefs))[t.nombre(6) :]
    gardes = gardes[habites[gardes] > 0]  # destroyed villages are absent from the real table too
    locaux = np.append(habites[gardes], np.ceil(p.locaux[anciens] * 0.1)).astype(int)
    part = np.append((etat.somme(p.part_fibre(2025.4) * p.locaux) / np.maximum(etat.somme(p.locaux), 1))[gardes],
                     p.part_fibre(2025.4)[anciens])  # fmt: skip
    codes = [*t.code[etat.chefs[gardes]].tolist(), *t.code[anciens].tolist()]
    libelles = etat.libelles()
    noms = [libelles[k] for k in gardes.tolist()] + [t.nom[k] for k in anciens.tolist()]
    for code, _, dep, nombre in COLLECTIVITES:
        codes, noms = [*codes, code], [*noms, f"Collectivité simulée {dep}"]
        locaux, part = np.append(locaux, nombre), np.append(part, 0.4)
    n = len(codes)
    rare = [np.where(rng.random(n) < q, rng.beta(0.6, 0.8, n), 0) for q in (0.03, 0.105, 0.119)]
    presque = [np.where(rng.random(n) < q, 1.0, rng.beta(30, 0.8, n)) for q in (0.72, 0.75, 0.98)]
    parts = [part, rare[0], presque[0], rare[1], presque[1], rare[2], presque[2]]
    nombres = [np.floor(x * locaux + 0.4).astype(int).clip(0, locaux) for x in parts]
    ordre = rng.permutation(n)
    taux = [decimal((100 * x / np.maximum(locaux, 1))[ordre], 1) for x in nombres]
    colonnes = [[codes[k] for k in ordre.tolist()], [noms[k] for k in ordre.tolist()], *taux, texte(locaux[ordre])]
    colonnes += [masque(decimal(x[ordre], 1), x[ordre] > 0) for x in nombres]
    entete = ["code_insee", "commune", *(f"pct_{c}" for c in FIBRE), "nb_locaux", *(f"nb_locaux_{c}" for c in FIBRE)]
    depot.csv(
        "arcep__fibre_communes", "2025-05", "fibre_data.csv", ",".join(entete), colonnes, fin="\r\n"
    )  # fmt: skip


def _write_sites(t: Territoire, prefixe: str, depot: Depot) -> None:
    """Mobile sites of one overseas territory: an operator's code, a position, three generations."""
    dep, reel, operateurs = SITES[prefixe]
    rng, n = t.tirage("sites " + prefixe), t.nombre(reel, 8 if dep else 1)
    if dep in OUTRE_MER:
        lieux = np.flatnonzero(t.dep == t.codes_dep.index(dep))
        choix = rng.choice(lieux, size=n)
        lon, lat = t.lon[choix], t.lat[choix]
    else:
        lon, lat = (np.full(n, c) for c in ILES[prefixe])
    codes = operateurs.split()
    quatre = rng.random(n) < 0.9
    deux = rng.random(n) < 0.95
    trois = quatre | ~deux | (rng.random(n) < 0.5)  # every site carries at least one generation
    colonnes = [
        [codes[k] for k in np.sort(rng.integers(len(codes), size=n)).tolist()],
        decimal(lon + rng.normal(0, 0.02, n), 7), decimal(lat + rng.normal(0, 0.02, n), 7),
        *(texte(g.astype(int)) for g in (deux, trois, quatre)),
    ]  # fmt: skip
    depot.csv(
        "arcep__sites_mobiles", "2020T2", f"{prefixe}_sites_mobiles_2020_T2.csv", "Operateur;X;Y;C2G;C3G;C4G", colonnes,
        separateur=";", fin="\r\n",
    )  # fmt: skip
