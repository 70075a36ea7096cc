"""Social statistics in their producers' formats: ages and diplomas, job seekers, social housing, priority quarters."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pilotage.simulation.ecriture import Depot, classeur, masque, minimal, significatif, texte
from pilotage.simulation.histoire import Etat, Histoire
from pilotage.simulation.insee_chiffres import Places
from pilotage.simulation.profils import Profils
from pilotage.simulation.territoire import OUTRE_MER, Territoire, rares

AGES = ",CODE_INSEE,LIBCOM,DEP,TX_NSCOL15P,TX_MENSEUL,TX_FAMMONO,TX_65ETPLUS,TX_25ETMOINS,TX_DEMANDEURS_EMPLOI"
LOGEMENTS = "DEPCOM_ARM,LIBCOM_DEP,LIBCOM,nb_loues,nb_vacants,nb_vides,nb_asso,nb_occup_finan,nb_occup_temp,nb_ls"
CLASSES = ("0 à 19 ans", "20 à 39 ans", "40 à 59 ans", "60 à 74 ans", "75 ans et plus", "Total")
PUBLIABLE = 5_000  # inhabitants below which the list of job seekers is silent


def write(t: Territoire, h: Histoire, p: Profils, depot: Depot) -> None:
    _write_ages(Places(t, h.etats["2020"], villes=False, sans=("976",)), p, depot)
    _write_demandeurs(Places(t, h.etats["2020"], villes=True, sans=("971", "972", "973", "976")), p, depot)
    _write_logements(Places(t, h.etats["2024"], villes=False), p, depot)
    _write_departements(t, h.etats["2021"], p, depot)


def _write_ages(places: Places, p: Profils, depot: Depot) -> None:
    """One row by commune and, for one in thirty, an empty second one; the last column is all but empty."""
    age, urbain = places.moyenne(p.plus_65), places.moyenne(p.urbanite)
    rng, n = p.t.tirage("ages"), len(places.codes)
    vus = places.population(2017) > 0
    parts = [
        100 * np.clip(places.moyenne(p.peu_diplomes) * 1.7, 0.1, 0.95), 22 + 14 * urbain + rng.normal(0, 3, n),
        np.clip(6 + 4 * urbain + rng.normal(0, 2, n), 0, 100), 100 * age * 1.2,
        np.clip(9 + 5 * urbain + rng.normal(0, 1, n), 0, 100 - 120 * age),
    ]  # fmt: skip
    colonnes = [masque(significatif(x, 16), vus) for x in parts]
    rangees = list(
        zip(places.codes, places.libelles(), [_departement(c) for c in places.codes], *colonnes, strict=True)
    )
    doubles = set(rng.permutation(n)[: rares(n, 1108 / 34993, 0.05)].tolist())
    toutes = [r for k, r in enumerate(rangees) for r in ([r, (*r[:3], *[""] * 5)] if k in doubles else [r])]
    rangs = texte(range(len(toutes)))
    depot.csv(
        "derive__age_diplome_communes", "2017", "data_scol_menage_demandeurEmplois.csv", AGES,
        [rangs, *(minimal(c, ",") for c in zip(*toutes, strict=True)), [""] * len(toutes)], fin="\r\n",
    )  # fmt: skip


def _departement(code: str) -> str:
    return code[:3] if code[:3] in OUTRE_MER else code[:2]


def _write_demandeurs(places: Places, p: Profils, depot: Depot) -> None:
    """Communes of a certain size only, divided cities whole and by arrondissement; one is not published."""
    garde = np.flatnonzero(places.population(2017) >= PUBLIABLE)
    population, pauvrete = places.population(2017)[garde], places.moyenne(p.pauvrete)[garde]
    abc = np.rint(population * (0.03 + 0.28 * pauvrete)).astype(int)

    def parts(total: np.ndarray, *rapports: float) -> list[np.ndarray]:
        """Whole numbers in these ratios; the last takes what remains."""
        premiers = [np.floor(total * r).astype(int) for r in rapports]
        return [*premiers, total - sum(premiers)]

    def sexes(nom: str, total: np.ndarray) -> dict[str, np.ndarray]:
        hommes, femmes = parts(total, 0.49)
        return {nom: total, f"{nom}_H": hommes, f"{nom}_F": femmes}

    champs = {**sexes("ABCDE", np.rint(abc * 1.11).astype(int)), **sexes("ABC", abc), **sexes("A", parts(abc, 0.62)[0])}
    for noms, rapports in (
        (("ABC_25", "ABC_2649", "ABC_50"), (0.14, 0.6)),
        (("ABC_INFCAPBEP", "ABC_CAPBEP", "ABC_BAC", "ABC_SUPBAC"), (0.17, 0.37, 0.22)),
        (("ABC_Dur1", "ABC_Dur2", "ABC_Dur3", "ABC_Dur4"), (0.4, 0.17, 0.2)),
    ):
        for nom, total in zip(noms, parts(abc, *rapports), strict=True):
            champs |= sexes(nom, total)
            if nom == "ABC_50":
                champs |= dict(zip(("ABC_FR", "ABC_E"), parts(abc, 0.86), strict=True))
    champs |= {f"ABC_Ins{k}": x for k, x in enumerate(parts(abc, 0.02, 0.13, 0.16, 0.12), 1)}
    champs |= sexes("ABC_RSA", np.floor(abc * 0.15).astype(int))
    connu = np.ones(len(garde), bool)
    if len(garde) > 20:
        connu[np.argmin(population)] = False
    colonnes = [texte(x) if nom.startswith("ABCDE") else masque(texte(x), connu) for nom, x in champs.items()]
    codes = [places.codes[k] for k in garde.tolist()]
    depot.csv(
        "francetravail__demandeurs_emploi", "2019", "data_DEFM2019_com.csv", ";".join(["CODGEO", "NOTE", *champs]),
        [codes, ["0"] * len(codes), *colonnes], separateur=";", fin="\r\n",
    )  # fmt: skip


def _write_logements(places: Places, p: Profils, depot: Depot) -> None:
    """Communes with social dwellings; up to ten, their state is secret."""
    rng, n = p.t.tirage("logements sociaux"), len(places.codes)
    part = np.clip(0.02 + 0.26 * places.moyenne(p.urbanite) ** 5 + rng.normal(0, 0.02, n), 0, 0.5)
    parc = np.rint(places.somme(p.residences_principales) * part).astype(int)
    garde = np.flatnonzero(parc > 0)
    parc = parc[garde]
    secret = parc <= 10
    etats = [np.floor(parc * r).astype(int) for r in (0.03, 0.02, 0.004, 0.012, 0.001)]
    etats = [parc - sum(etats), *etats]
    noms = places.libelles()
    libelles = [noms[k] for k in garde.tolist()]
    codes = [places.codes[k] for k in garde.tolist()]
    suivis = [f"{nom} ({_departement(code)})" for nom, code in zip(libelles, codes, strict=True)]
    depot.csv(
        "sdes__logements_sociaux", "2024", "export_parc_logements_sociaux_jan_2024.csv", LOGEMENTS,
        [codes, minimal(suivis, ","), minimal(libelles, ","), *(masque(texte(x), ~secret) for x in etats), texte(parc)],
        fin="\r\n", avant="\ufeff",
    )  # fmt: skip


def _write_departements(t: Territoire, etat: Etat, p: Profils, depot: Depot) -> None:
    """A workbook of one sheet a year: three blocks of columns, subtotals and a note."""
    feuilles = {"À savoir": iter([["Quelques remarques"], [None], ["Données simulées, territoire fictif"]])}
    for annee in range(2021, 1974, -1):
        feuilles[str(annee)] = _age_rows(t, etat, p, annee)
    depot.octets(
        "insee__age_departements", "2021", "estim-pop-dep-sexe-gca-1975-2021.xlsx", classeur(feuilles), separator="xlsx"
    )


def _age_rows(t: Territoire, etat: Etat, p: Profils, annee: int) -> Iterator[list]:
    titre = "Estimation de population au 1er janvier, par département, sexe et grande classe d'âge (données simulées)"
    yield [titre, *[None] * 19]
    yield [f"Année {annee}", *[None] * 19]
    yield [None] * 20
    yield ["Départements", None, *(x for bloc in ("Ensemble", "Hommes", "Femmes") for x in (bloc, *[None] * 5))]
    yield [None, None, *CLASSES * 3]
    vieux = np.bincount(t.dep, t.peuple(annee) * p.plus_65, len(t.codes_dep))
    total = np.bincount(t.dep, t.peuple(annee), len(t.codes_dep)).astype(int)
    ages = np.stack([(total - vieux) * r for r in (0.3, 0.31)] + [np.zeros(len(total)), vieux * 0.6, vieux * 0.4], 1)
    ages = np.floor(ages).astype(int)
    ages[:, 2] = total - ages.sum(1)
    tableau = np.column_stack([ages, total])
    hommes = np.floor(ages * 0.487).astype(int)
    blocs = np.column_stack([tableau, hommes, hommes.sum(1), ages - hommes, total - hommes.sum(1)])
    dom = np.array([code in OUTRE_MER for code in t.codes_dep])
    for k in np.flatnonzero(~dom).tolist():
        yield [t.codes_dep[k], f"Département simulé {t.codes_dep[k]}", *blocs[k].tolist()]
    yield ["France métropolitaine ", None, *blocs[~dom].sum(0).tolist()]
    for k in np.flatnonzero(dom).tolist():
        yield [int(t.codes_dep[k]), f"Département simulé {t.codes_dep[k]}", *blocs[k].tolist()]
    yield ["DOM", None, *blocs[dom].sum(0).tolist()]
    yield ["France métropolitaine et DOM", None, *blocs.sum(0).tolist()]
    yield [None] * 20
    yield ["Source : données simulées.", *[None] * 19]
