"""Insee's figures in their own formats: legal populations (five headers), comparateur, Filosofi (two dialects)."""

from __future__ import annotations

import numpy as np

from pilotage.simulation import noms
from pilotage.simulation.ecriture import Depot, archive, lignes, masque, significatif, texte
from pilotage.simulation.histoire import Etat, Histoire
from pilotage.simulation.insee_codes import nom_arrondissement, nom_region
from pilotage.simulation.profils import Profils
from pilotage.simulation.territoire import Territoire

POPULATIONS = {  # millésime: (file, geography)
    "2017": ("Communes.csv", "2019"), "2019": ("donnees_communes.csv", "2021"),
    "2020": ("donnees_communes.csv", "2022"), "2021": ("donnees_communes.csv", "2023"),
    "2022": ("donnees_communes.csv", "2024"),
}  # fmt: skip
COMPARATEUR = (
    "CODGEO;P18_POP;P13_POP;SUPERF;NAIS1318;DECE1318;P18_MEN;NAISD20;DECESD20;P18_LOG;P18_RP;P18_RSECOCC;P18_LOGVAC;"
    "P18_RP_PROP;NBMENFISC19;PIMP19;MED19;TP6019;P18_EMPLT;P18_EMPLT_SAL;P13_EMPLT;P18_POP1564;P18_CHOM1564;"
    "P18_ACT1564;ETTOT18;ETAZ18;ETBE18;ETFZ18;ETGU18;ETGZ18;ETOQ18;ETTEF118;ETTEFP1018"
)
FILOSOFI = noms.mots(
    "NBMENFISC NBPERSMENFISC MED PIMP TP60 TP60AGE1 TP60AGE2 TP60AGE3 TP60AGE4 TP60AGE5 TP60AGE6 TP60TOL1 TP60TOL2 "
    "PACT PTSA PCHO PBEN PPEN PPAT PPSOC PPFAM PPMINI PPLOGT PIMPOT D1 D9 RD"
)


def compter_a_part(t: Territoire, population: np.ndarray, villages: np.ndarray) -> np.ndarray:
    return np.rint(population * t.a_part[villages] * 0.6).astype(int)


class Places:
    """Communes of a state and, if asked, the arrondissements of the divided cities, in the order of codes.

    `communes` keeps the divided cities themselves or not; Mayotte's like is kept unless `sans` names it.
    """

    def __init__(self, t: Territoire, etat: Etat, *, villes: bool, sans: tuple[str, ...] = ()) -> None:
        garde = ~np.isin(np.array(t.codes_dep)[t.dep[etat.chefs]], sans)
        garde &= villes | ~np.isin(etat.chefs, t.villes)
        self.t, self.etat, lignes_communes = t, etat, np.flatnonzero(garde)
        tuples = [(str(t.code[etat.chefs[k]]), int(k), -1, -1) for k in lignes_communes.tolist()]
        for rang, ville in enumerate(t.villes.tolist()):
            rangee = int(etat.rang[ville])
            tuples += [(code, rangee, rang, k) for k, code in enumerate(t.code_arrondissement(rang))]
        tuples.sort()
        self.codes = [x[0] for x in tuples]
        self.rangee, self.ville, self.arr = (np.array([x[k] for x in tuples]) for k in (1, 2, 3))
        self.village = etat.chefs[self.rangee]
        self.part = np.ones(len(tuples))
        for rang in range(len(t.villes)):
            ici = self.ville == rang
            parts = t.arr_population[rang] / t.arr_population[rang].sum()
            self.part[ici] = parts[self.arr[ici]]

    def somme(self, valeurs: np.ndarray) -> np.ndarray:
        """Village values summed by commune; an arrondissement takes its share of the city's."""
        return self.etat.somme(valeurs)[self.rangee] * self.part

    def moyenne(self, valeurs: np.ndarray) -> np.ndarray:
        """Mean of village values, weighted by inhabitants."""
        poids = self.t.population + 1e-6
        return (self.etat.somme(valeurs * poids) / self.etat.somme(poids))[self.rangee]

    def population(self, annee: int) -> np.ndarray:
        """Whole inhabitants; arrondissements sum exactly to their city."""
        resultat = self.etat.somme(self.t.peuple(annee))[self.rangee].astype(int)
        for rang in range(len(self.t.villes)):
            ici = self.ville == rang
            resultat[ici] = self.t.peuple_arrondissements(rang, annee)[self.arr[ici]]
        return resultat

    def libelles(self) -> list[str]:
        etat = self.etat
        simples = [noms.libelle(etat.tncc[v], etat.nom[v]) for v in self.village.tolist()]
        return [
            nom_arrondissement(etat.nom[v], k + 1) if k >= 0 else nom
            for nom, v, k in zip(simples, self.village.tolist(), self.arr.tolist(), strict=True)
        ]


def write(t: Territoire, h: Histoire, p: Profils, depot: Depot) -> None:
    for millesime in POPULATIONS:
        _write_populations(t, h, depot, millesime)
    _write_comparateur(Places(t, h.etats["2021"], villes=True), p, depot)
    for annee in ("19", "20"):
        _write_filosofi(t, h, p, depot, annee)


def _write_populations(t: Territoire, h: Histoire, depot: Depot, millesime: str) -> None:
    fichier, etat = POPULATIONS[millesime]
    places = Places(t, h.etats[etat], villes=False, sans=("976",))
    pmun = places.population(int(millesime))
    pcap = compter_a_part(t, pmun, places.village)
    chiffres = [texte(pmun), texte(pcap), texte(pmun + pcap)]
    dep = [t.codes_dep[d] for d in t.dep[places.village].tolist()]
    reg = [t.region_dep[d] for d in t.dep[places.village].tolist()]
    libelle = places.libelles()
    arr = texte(t.quartier[places.village])
    grande = (pmun > 20_000) if millesime == "2022" else (places.arr >= 0)
    canton = masque([f"{1 + int(c[-2:]) % 23:02d}" for c in places.codes], ~grande, "NA")
    codcom = [c[2:] for c in places.codes]
    regions = [nom_region(r) for r in reg]
    entete, cles = {
        "2017": ("DEPCOM;COM;PMUN;PCAP;PTOT", [places.codes, _blank_after_article(libelle)]),
        "2019": ("REG;DEP;COM;PMUN;PCAP;PTOT", [reg, dep, places.codes]),
        "2020": (
            "CODREG;REG;CODDEP;CODARR;CODCAN;CODCOM;COM;PMUN;PCAP;PTOT",
            [reg, regions, dep, arr, canton, codcom, libelle],
        ),
    }.get(
        millesime,
        ("REG;Région;DEP;CODARR;CODCAN;CODCOM;COM;Commune;PMUN;PCAP;PTOT",
         [reg, regions, dep, arr, canton, codcom, places.codes, libelle]),
    )  # fmt: skip
    depot.csv(
        "insee__populations", millesime, fichier, entete, [*cles, *chiffres], separateur=";", fin="\r\n"
    )  # fmt: skip
    if millesime == "2017":
        _write_mayotte(t, h.etats[etat], depot)


def _blank_after_article(libelles: list[str]) -> list[str]:
    return ["L' " + nom[2:] if nom.startswith("L'") else nom for nom in libelles]


def _write_mayotte(t: Territoire, etat: Etat, depot: Depot) -> None:
    """The département that the national file lacks: no name, no five-digit code."""
    villages = etat.chefs[t.dep[etat.chefs] == t.codes_dep.index("976")]
    pmun = t.peuple(2017)[villages]
    pcap = compter_a_part(t, pmun, villages)
    vide, n = [""] * len(villages), len(villages)
    colonnes = [["06"] * n, vide, ["976"] * n, vide, vide, [str(c)[2:] for c in t.code[villages]], vide]
    colonnes += [texte(pmun), texte(pcap), texte(pmun + pcap)]
    entete = "CODREG;REG;DEP;CODARR;CODCAN;CODCOM;COM;PMUN;PCAP;PTOT"
    depot.csv("insee__populations", "2017", "donnees_communes_mayotte.csv", entete, colonnes, separateur=";")


def publie(places: Places, p: Profils, menages: np.ndarray) -> np.ndarray:
    """Communes with enough tax households for a median, in a département that publishes it."""
    return (menages >= 58) & ~p.hors_filosofi[places.village]


def _write_comparateur(places: Places, p: Profils, depot: Depot) -> None:
    t = p.t
    pop, rp = places.population(2018), places.somme(p.residences_principales)
    menages = np.rint(rp * 1.02)
    connu = publie(places, p, menages)
    grand = connu & (pop > 1_900)
    emplois = pop * np.clip(0.16 + 0.28 * places.moyenne(p.urbanite) ** 4, 0, 3)
    actifs = pop * 0.62 * 0.745
    etablissements = np.rint(places.somme(p.etablissements))
    taux = np.rint(places.moyenne(p.pauvrete) * 100).astype(int)
    age = np.clip(places.moyenne(p.plus_65), 0.05, 0.5)
    colonnes = [
        places.codes, texte(pop), texte(places.population(2013)), significatif(places.somme(t.surface_ha) / 100),
        texte(np.rint(pop * 0.055 * (1.25 - age)).astype(int)), texte(np.rint(pop * 0.19 * age).astype(int)),
        significatif(rp), texte(np.rint(pop * 0.0105).astype(int)), texte(np.rint(pop * 0.038 * age).astype(int)),
        significatif(rp + places.somme(p.residences_secondaires) + places.somme(p.logements_vacants)), significatif(rp),
        significatif(places.somme(p.residences_secondaires)), significatif(places.somme(p.logements_vacants)),
        significatif(rp * np.clip(0.8 - 0.4 * places.moyenne(p.urbanite) ** 3, 0.2, 0.9)),
        masque(texte(menages.astype(int)), connu),
        masque(texte(np.rint(72 - 120 * places.moyenne(p.pauvrete)).astype(int).clip(12, 90)), grand),
        masque(texte((np.rint(places.moyenne(p.revenu) / 10) * 10).astype(int)), connu),
        masque(texte(taux), grand & (taux >= 5)),
        significatif(emplois), significatif(emplois * 0.86), significatif(emplois * 0.99), significatif(pop * 0.62),
        significatif(actifs * np.clip(0.04 + 0.6 * places.moyenne(p.pauvrete), 0.02, 0.5)), significatif(actifs),
        *(texte(np.rint(etablissements * part).astype(int))
          for part in (1, 0.06, 0.07, 0.12, 0.62, 0.17, 0.13, 0.22, 0.05)),
    ]  # fmt: skip
    sans_recensement = np.array([t.codes_dep[d] != "976" for d in t.dep[places.village]])
    colonnes = [c if k in (0, 7, 8) else masque(c, sans_recensement) for k, c in enumerate(colonnes)]
    base = "".join([COMPARATEUR, "\r\n", *lignes(colonnes, ";", "\r\n")]).encode()
    contenu = archive({"base_cc_comparateur.CSV": base, "meta_base_cc_comparateur.CSV": _dictionary(places)})
    depot.octets("insee__comparateur_territoires", "2018", "base_cc_comparateur_csv.zip", contenu, separator="zip")


def _dictionary(places: Places) -> bytes:
    """The dictionary that comes with the comparateur: variables, then every code with its name."""
    debut = ["COD_VAR;LIB_VAR;LIB_VAR_LONG;COD_MOD;LIB_MOD;TYPE_VAR;LONG_VAR\r\n"]
    debut += [f"{v};{v};Variable {v}, données simulées;;;NUM;16\r\n" for v in COMPARATEUR.split(";")[1:]]
    corps = (
        f"CODGEO;CODGEO;Code du département suivi du numéro de commune, données simulées;{code};{nom};CHAR;5\r\n"
        for code, nom in zip(places.codes, places.libelles(), strict=True)
    )
    return "".join([*debut, *corps]).encode()


def _write_filosofi(t: Territoire, h: Histoire, p: Profils, depot: Depot, annee: str) -> None:
    """2019: CRLF, decimal point, secret as nothing; 2020: LF, decimal comma, secret as «s», withheld as «nd»."""
    places = Places(t, h.etats["2021"], villes=True, sans=("971", "973", "976"))
    rng = t.tirage("filosofi" + annee)
    pop, n = places.population(2000 + int(annee)), len(places.codes)
    menages = np.rint(places.somme(p.residences_principales) * (1.02 if annee == "19" else 1.03)).astype(int)
    connu = publie(places, p, menages)
    grand, median = connu & (pop > 1_900), places.moyenne(p.revenu) * (1 if annee == "19" else 1.015)
    taux = np.rint(places.moyenne(p.pauvrete) * 100)
    detail = grand & (taux >= 5)
    point = "." if annee == "19" else ","

    def _number(valeurs: np.ndarray, garde: np.ndarray, digits: int = 1) -> list[str]:
        plein = [f"{v:.{digits}f}" for v in valeurs.tolist()]
        if annee == "19":
            plein = [v.rstrip("0").rstrip(".") if "." in v else v for v in plein]
        return masque([v.replace(".", point) for v in plein], garde, vide)

    vide = "" if annee == "19" else "s"
    colonnes = [
        masque(texte(menages), connu, vide),
        masque(texte(np.rint(menages * 2.28).astype(int)), connu, vide),
        masque(texte((np.rint(median / 10) * 10).astype(int)), connu, vide),
        _number(np.rint(72 - 1.2 * taux).clip(12, 90), grand), _number(taux, detail),
    ]  # fmt: skip
    detailles = zip((1.35, 1.3, 1.2, 1.05, 0.75, 0.6, 0.4, 1.7), (9, 4.5, 3.6, 4.4, 5.5, 10, 1.9, 1.2), strict=True)
    for facteur, rarete in detailles:
        colonnes.append(_number(np.rint(taux * facteur), detail & (pop > 1_900 * rarete * rng.uniform(0.7, 1.3, n))))
    for niveau in (73, 65, 3, 4, 29, 8, 5, 2.2, 1.8, 0.9, -14.5):
        colonnes.append(_number(niveau * rng.normal(1, 0.12, n), grand))
    colonnes += [_number(np.rint(median * q / 10) * 10, grand, 0) for q in (0.55, 1.68)]
    colonnes.append(_number(rng.normal(2.9, 0.35, n).clip(2, 6), grand))
    if annee == "20":
        retenus = {*rng.choice(n, size=t.nombre(3), replace=False).tolist(), *np.flatnonzero(pop == 0).tolist()}
        colonnes = [[("nd" if k in retenus else v) for k, v in enumerate(c)] for c in colonnes]
    entete = ";".join(["CODGEO", *(nom + annee for nom in FILOSOFI)])
    depot.csv(
        "insee__filosofi", f"20{annee}", f"cc_filosofi_20{annee}_COM.{'CSV' if annee == '19' else 'csv'}", entete,
        [places.codes, *colonnes], separateur=";", fin="\r\n" if annee == "19" else "\n",
    )  # fmt: skip
