"""Networks of 2026 in the forms that a few real lines show: speeds, technologies, fibre map, mobile sites, copper."""

from __future__ import annotations

import numpy as np

from pilotage.simulation.ecriture import Depot, archive, masque, minimal, texte
from pilotage.simulation.histoire import Etat, Histoire
from pilotage.simulation.insee_chiffres import Places
from pilotage.simulation.insee_codes import nom_region
from pilotage.simulation.polygones import Champ, shapefile
from pilotage.simulation.profils import Profils
from pilotage.simulation.territoire import Territoire

DATE, TRIMESTRE, TRIMESTRE_SITES = "2026-06-30", "2026T2", "2026T1"
ENTETE = "code_insee;nom_com;code_dep;code_reg;nbr;type;"
DEBITS = ENTETE + "inel_hd;elig_hd05;elig_hd3;elig_bhd8;elig_thd30;elig_thd100;elig_thd1g;date"
TECHNOLOGIES = ENTETE + (
    "nbr_elig_8;elig_ftth;elig_coax;elig_cu_30;elig_thdr;elig_cu_8;elig_4gf;elig_hdr;elig_sat;date"
)
SITES = (
    "code_op;nom_op;num_site;id_site_partage;id_station_anfr;x;y;latitude;longitude;nom_reg;nom_dep;insee_dep;nom_com;"
    "insee_com;site_2g;site_3g;site_4g;site_5g;mes_4g_trim;site_ZB;site_DCC;site_strategique;site_capa_240mbps;"
    "date_ouverturecommerciale_5g;site_5g_700_m_hz;site_5g_800_m_hz;site_5g_1800_m_hz;site_5g_2100_m_hz;"
    "site_5g_3500_m_hz"
)
OPERATEURS = (("20801", "Orange"), ("20810", "SFR"), ("20815", "Free Mobile"), ("20820", "Bouygues Telecom"))
CARTE = (
    Champ("ID", 24), Champ("INSEE_COM", 5), Champ("NOM_COM", 50), Champ("INSEE_AR", 2),
    Champ("INSEE_DEP", 3), Champ("NOM_DEP", 30), Champ("INSEE_REG", 2), Champ("NOM_REG", 35), Champ("NOM_REG_1", 60),
    Champ("STATUT", 30), Champ("orig_ogcf", 10), Champ("Dpt", 30), Champ("OI_AMEL", 24, 15), Champ("ZTD_2013", 24, 15),
    Champ("POPULATION", 24, 15), Champ("ZMD_privé", 24, 15), Champ("L_33-13", 20), Champ("zone", 10),
    Champ("Locaux", 24, 15), Champ("oi", 40), Champ("oi_bis", 40), Champ("ftth", 24, 15), Champ("couv", 24, 15),
)  # fmt: skip
PHRASES = {
    "ferme": "Le réseau cuivre est déjà fermé dans votre commune.",
    "prevu": "L'arrêt des services du réseau cuivre est prévu dans votre commune, il interviendra au plus tard le {}",
    "non": "L'arrêt des services du réseau cuivre n'est pas encore prévu dans votre commune. Nous vous invitons tout "
    "de même à anticiper. En tout état de cause, l'arrêt des services interviendra d'ici à 2030.",
}


def write(t: Territoire, h: Histoire, p: Profils, depot: Depot) -> None:
    etat = h.etats["2025"]
    locaux = np.maximum(np.rint(etat.somme(p.locaux) * 1.05), 1).astype(int)
    part = etat.somme(p.part_fibre(2026.5) * p.locaux) / np.maximum(etat.somme(p.locaux), 1)
    fibre = np.floor(part * locaux).astype(int)
    _write_fixe(t, etat, locaux, fibre, depot)
    _write_carte(Places(t, etat, villes=False), p, depot)
    _write_sites(t, etat, p, depot)
    _write_cuivre(Places(t, etat, villes=False), p, depot)


def _write_fixe(t: Territoire, etat: Etat, locaux: np.ndarray, fibre: np.ndarray, depot: Depot) -> None:
    """Three files of one measure: cumulative speeds, best technology, premises; in no order."""
    rng, n = t.tirage("fixe 2026"), len(locaux)
    reste = locaux - fibre
    fractions = rng.dirichlet((0.4, 2, 1, 2, 1.5, 0.3, 1), n)  # cable, copper 30, radio, copper 8, 4G, slow radio, rest
    coax, cuivre30, radio, cuivre8, quatre, lente = (np.floor(reste * fractions[:, k]).astype(int) for k in range(6))
    satellite = reste - coax - cuivre30 - radio - cuivre8 - quatre - lente
    ordre = rng.permutation(n)
    deps = t.dep[etat.chefs]
    debut = [
        t.code[etat.chefs], np.array(etat.libelles(), dtype=object), np.array(t.codes_dep, dtype=object)[deps],
        np.array(t.region_dep, dtype=object)[deps], locaux,
    ]  # fmt: skip
    debut_texte = [texte(c[ordre]) for c in debut] + [["all"] * n]
    giga, trente = fibre, fibre + coax + cuivre30 + radio
    huit = trente + cuivre8 + lente
    inel = np.floor((locaux - huit) * 0.03).astype(int)
    cumul = [inel, locaux - inel, np.maximum(huit, locaux - inel - (locaux - huit) // 3), huit, trente,
             giga + coax // 2, giga]  # fmt: skip
    techniques = [locaux, fibre, coax, cuivre30, radio, cuivre8, quatre, lente, satellite]
    fin = [[DATE] * n]
    for source, fichier, entete, nombres in (
        ("arcep__debits", "commune_debit_terrestre.csv", DEBITS, cumul),
        ("arcep__technologies", "commune_meilleure_techno_thd.csv", TECHNOLOGIES, techniques),
        ("arcep__technologies", "commune.csv", ENTETE + "date", []),
    ):
        colonnes = [*debut_texte, *(texte(c[ordre]) for c in nombres), *fin]
        depot.csv(source, DATE, fichier, entete, colonnes, separateur=";")


def _write_carte(places: Places, p: Profils, depot: Depot) -> None:
    """A zipped shapefile: arrondissements instead of divided cities, latin-1 under a .cpg that says UTF-8."""
    t, n = p.t, len(places.codes)
    locaux = np.maximum(np.rint(places.somme(p.locaux)), 1).astype(int)
    ftth = np.floor(locaux * np.clip(places.moyenne(p.part_fibre(2026.5)), 0, 1)).astype(int)
    taux, dense = 100 * ftth / locaux, places.moyenne(p.urbanite) > 0.985
    classe = np.array([0, 10, 25, 50, 80, 95])[np.searchsorted([10, 25, 50, 80, 95], taux, side="right")]
    deps = [t.codes_dep[d] for d in t.dep[places.village].tolist()]
    regions = [t.region_dep[d] for d in t.dep[places.village].tolist()]
    zeros, noms_dep = [0.0] * n, [f"Département simulé {dep}" for dep in deps]
    valeurs = {
        "ID": [f"COMMUNE_{k + 1:016d}" for k in range(n)], "INSEE_COM": places.codes, "NOM_COM": places.libelles(),
        "INSEE_AR": texte(np.where(places.arr >= 0, 1, 2)), "INSEE_DEP": deps, "NOM_DEP": noms_dep, "Dpt": noms_dep,
        "INSEE_REG": regions, "NOM_REG": [nom_region(r) for r in regions], "NOM_REG_1": ["Groupement simulé"] * n,
        "STATUT": ["Commune simple"] * n, "orig_ogcf": ["35000"] * n, "OI_AMEL": zeros, "ZMD_privé": zeros,
        "ZTD_2013": dense.astype(float).tolist(), "POPULATION": places.population(2022).tolist(),
        "L_33-13": masque(["Orange"] * n, ~dense, "0"), "zone": masque(["ZTD"] * n, dense, "zipri"),
        "Locaux": locaux.tolist(), "oi": ["FRTE"] * n, "oi_bis": ["FRTE"] * n, "ftth": ftth.tolist(),
        "couv": classe.tolist(),
    }  # fmt: skip
    rangees = list(zip(*(valeurs[champ.nom] for champ in CARTE), strict=True))
    centres = np.stack([t.lon[places.village], t.lat[places.village]], 1)
    membres = shapefile("2026t2-commune", CARTE, rangees, centres)
    depot.octets("arcep__carte_fibre", TRIMESTRE, "2026t2-commune.zip", archive(membres), rows=str(n))


def _write_sites(t: Territoire, etat: Etat, p: Profils, depot: Depot) -> None:
    """Sites of four operators on the mainland, decimal comma, one in five shared."""
    rng = t.tirage("sites metropole")
    communes = np.flatnonzero(~t.outre_mer[etat.chefs])
    population = etat.somme(t.population)[communes]
    n = t.nombre(112_000, 40)
    choix = np.sort(rng.choice(communes, size=n, p=(population + 200) / (population + 200).sum()))
    village, operateur = etat.chefs[choix], rng.integers(4, size=n)
    lon, lat = t.lon[village] + rng.normal(0, 0.01, n), t.lat[village] + rng.normal(0, 0.01, n)
    cinq, partage, blanche = rng.random(n) < 0.55, rng.random(n) < 0.2, rng.random(n) < 0.05
    libelles, deps = etat.libelles(), [t.codes_dep[d] for d in t.dep[village].tolist()]
    un = ["1"] * n
    binaire = [texte(x.astype(int)) for x in (rng.random(n) < 0.9, rng.random(n) < 0.95)]
    bandes = [masque(texte((rng.random(n) < 0.5).astype(int)), cinq, "0") for _ in range(5)]
    colonnes = [
        [OPERATEURS[k][0] for k in operateur.tolist()], [OPERATEURS[k][1] for k in operateur.tolist()],
        [f"{k:08d}S1" for k in range(n)], masque([f"P{k // 2:07d}" for k in range(n)], partage),
        [f"0{k:09d}" for k in range(n)], texte(np.rint(700_000 + (lon - 3) * 77_000).astype(int)),
        texte(np.rint(6_600_000 + (lat - 46.5) * 111_000).astype(int)),
        [f"{v:.5f}".replace(".", ",") for v in lat.tolist()], [f"{v:.5f}".replace(".", ",") for v in lon.tolist()],
        [nom_region(t.region_dep[d]) for d in t.dep[village].tolist()], [f"Département simulé {d}" for d in deps], deps,
        [libelles[k] for k in choix.tolist()], t.code[village].tolist(), *binaire, un, texte(cinq.astype(int)),
        ["0"] * n, texte(blanche.astype(int)), ["0"] * n, ["0"] * n, un, masque(["2024-06-06T00:00:00Z"] * n, cinq),
        *bandes,
    ]  # fmt: skip
    depot.csv(
        "arcep__sites_metropole", TRIMESTRE_SITES, "2026_T1_sites_Metropole.csv", SITES, colonnes, separateur=";"
    )  # fmt: skip


def _write_cuivre(places: Places, p: Profils, depot: Depot) -> None:
    """Arrondissements for divided cities, leading zeros lost, a few rows twice, in no order."""
    rng, n = p.t.tirage("cuivre"), len(places.codes)
    sort = places.moyenne(p.part_fibre(2026.5)) + rng.normal(0, 0.2, n)
    annee = np.where(rng.random(n) < 0.5, 2027, 2028)
    rangees = []
    for k, code in enumerate(places.codes):
        genre = "ferme" if sort[k] > 1.15 else "prevu" if sort[k] > 0.7 else "non"
        jour = {"ferme": "2025-01-31", "prevu": f"{annee[k]}-01-31", "non": ""}[genre]
        phrase = PHRASES[genre].format("/".join(reversed(jour.split("-"))))
        rangees.append((code.lstrip("0"), jour, phrase))
    rangees += rangees[1 : 2 + n // 400]
    melees = [rangees[k] for k in rng.permutation(len(rangees)).tolist()]
    colonnes = [minimal(c, ";") for c in zip(*melees, strict=True)]
    depot.csv(
        "economie__fermeture_cuivre", TRIMESTRE, "fermeture-reseau-cuivre.csv",
        "code_insee;fermeture_technique;output_usager", colonnes, separateur=";",
    )  # fmt: skip
