"""Mediation places (JSON, three dialects of lists) and the digital fragility index (two millésimes)."""

from __future__ import annotations

import uuid

import numpy as np

from pilotage.simulation import noms
from pilotage.simulation.anct import choisir, nom_structure
from pilotage.simulation.ecriture import Depot, json_indente
from pilotage.simulation.france_services import telephone
from pilotage.simulation.histoire import Histoire
from pilotage.simulation.insee_chiffres import Places
from pilotage.simulation.portes import FranceServices, Portes
from pilotage.simulation.profils import Profils, rang_relatif
from pilotage.simulation.territoire import Territoire, rares

SOURCE = "mednum__lieux_mediation"
IFN = "name,division,code,no_thd_coverage_rate,no_4g_coverage_rate,poverty_rate,older_65_rate,nscol15p_rate,total"
POIDS_JUILLET = np.array([2, 4, 2, 3, 3]) / 14  # the first edition's mean; the second weighs all five alike
SERVICES = {  # first draft of the vocabulary -> standard v1
    "Prendre en main un smartphone ou une tablette": "Maîtrise des outils numériques du quotidien",
    "Prendre en main un ordinateur": "Maîtrise des outils numériques du quotidien",
    "Utiliser le numérique au quotidien": "Maîtrise des outils numériques du quotidien",
    "Approfondir ma culture numérique": "Compréhension du monde numérique",
    "Réaliser des démarches administratives avec un accompagnement": "Aide aux démarches administratives",
    "Favoriser mon insertion professionnelle": "Insertion professionnelle via le numérique",
    "Accéder à du matériel": "Accès internet et matériel informatique",
}
OFFRES = ((0, 1, 2, 3), (4, 5), (5,), (6,), (0, 4, 5))  # services offered, by producer below
PRODUCTEURS = ("conseiller-numerique", "france-services", "collectivite-simulee", "tiers-lieux-simules", "dora")
PARTS = (0.546, 0.166, 0.152, 0.11, 0.026)
HORAIRES = (
    "Mo-Fr 09:00-12:00,14:00-17:00", "Mo-Fr 08:30-12:00,13:30-17:00", "Mo-Th 08:30-12:30,13:30-17:00; Fr 08:30-12:30",
)  # fmt: skip
MODALITES = {
    "Avec de l'aide : je suis accompagné seul dans l'usage du numérique": "Accompagnement individuel",
    "Dans un atelier : j'apprends collectivement à utiliser le numérique": "Dans un atelier collectif",
}
JEUNES, PUBLICS = "Jeunes (16-26 ans)", "Adultes;Familles/enfants;Jeunes (16-26 ans);Seniors (+ 65 ans)"
GRATUIT = "Gratuit : Je peux accéder gratuitement au lieu et à ses services"


def write(
    t: Territoire, h: Histoire, p: Profils, portes: Portes, sites: FranceServices, conseillers: np.ndarray, depot: Depot
) -> None:  # fmt: skip
    _write_cnfs(portes, sites, h, conseillers, depot)
    _write_hub(portes, sites, h, depot)
    _write_loin(t, depot)
    for millesime in ("2023-07-04", "2023-08-24"):
        _write_ifn(t, h, p, depot, millesime)


def _identity(portes: Portes, i: int, style: int, rng: np.random.Generator) -> dict:
    """Name, town, address and position of a door as another hand wrote them, a few metres away."""
    ville = portes.t.nom[portes.village[i]]
    return {
        "nom": nom_structure(portes, i, style), "commune": noms.majuscules(ville) if style % 2 else ville,
        "code_postal": portes.cp[i], "adresse": portes.adresse(i, ("abrege", "usage", "minuscule")[style % 3]),
        "latitude": round(float(portes.lat[i] + rng.normal(0, 2e-4)), 6),
        "longitude": round(float(portes.lon[i] + rng.normal(0, 2e-4)), 6),
    }  # fmt: skip


def _write_cnfs(
    portes: Portes, sites: FranceServices, h: Histoire, conseillers: np.ndarray, depot: Depot
) -> None:  # fmt: skip
    """Draft standard of 2022: lists cut by «, », keys absent when unknown."""
    t, rng = portes.t, portes.t.tirage("cnfs json")
    fs = set(sites.porte.tolist())
    ici = rng.permutation(np.concatenate([conseillers, rng.permutation(sites.porte)[: len(sites.porte) // 4]]))
    objets = []
    for rang, i in enumerate(np.unique(ici[: t.nombre(2_733, 12)]).tolist()):
        sort = rng.random(2)
        objet = {"id": f"{(t.graine << 40) + rang:024x}", **_identity(portes, i, int(sort[0] * 3), rng)}
        objet |= _optional(rang, rng, (
            ("courriel", f"lieu-{rang}@mediation.exemple", 0.45), ("horaires", HORAIRES[rang % 3], 0.88),
            ("site_web", f"https://lieu-{rang}.exemple", 0.49), ("telephone", _international(rang), 0.65),
        ))  # fmt: skip
        objet |= {
            "source": "conseiller-numerique", "date_maj": f"2022-{4 + rang % 3:02d}-{1 + rang % 28:02d}",
            "services": ", ".join(list(SERVICES)[:4]), "conditions_access": "Gratuit",
            "labels_nationaux": "CNFS" + (", France Services" if i in fs else ", Aidants Connect" if sort[1] < 0.06
                                          else ""),
        }  # fmt: skip
        objets.append(objet | _optional(rang, rng, (("pivot", portes.siret[i], 0.57),)))
    depot.octets(SOURCE, "2022-07-20", "lieux-de-mediation-numerique.cnfs.json", json_indente(objets))


def _write_hub(portes: Portes, sites: FranceServices, h: Histoire, depot: Depot) -> None:
    """One region's list, then the same records in the words of the standard v1 («;» becomes «|»)."""
    t, rng, etat = portes.t, portes.t.tirage("hub"), h.etats["2023"]
    region = np.array([int(r) if r.isdigit() else -1 for r in t.region_dep])
    frequente = np.bincount(region[t.dep[~t.outre_mer]]).argmax()
    doors = choisir(portes, sites, len(portes) // 4, 0.05, "hub")
    doors = doors[region[t.dep[portes.village[doors]]] == frequente][: t.nombre(646, 10)]
    fs, avant, apres = set(sites.porte.tolist()), [], []
    for rang, i in enumerate(doors.tolist()):
        sort = rng.random(2)
        source = 1 if i in fs else int(np.searchsorted(np.cumsum(PARTS), sort[0], side="right")) % 5
        services, famille = [list(SERVICES)[k] for k in OFFRES[source]], source == 1 or rang == 0
        identite = _identity(portes, i, int(sort[1] * 3), rng)
        objet = {"id": f"{PRODUCTEURS[source]}-{uuid.UUID(int=(t.graine << 80) + rang)}", "nom": identite.pop("nom"),
                 "services": ";".join(services), "pivot": "0" * 14, **identite}  # fmt: skip
        objet |= _optional(rang, rng, (
            ("code_insee", portes.code(i, etat), float(source == 4)), ("conditions_acces", GRATUIT, 0.74),
            ("modalites_accompagnement", ";".join(list(MODALITES)[: 1 + rang % 2]), 0.085),
            ("prise_rdv", f"https://rendez-vous.exemple/{rang}", 0.065), ("telephone", _international(rang), 0.43),
            ("site_web", f"https://lieu-{rang}.exemple", 0.32), ("horaires", HORAIRES[rang % 3], 0.63),
            ("labels_nationaux", "CNFS;France Services" if i in fs else "CNFS", 0.73),
            ("courriel", f"hub-{rang}@mediation.exemple", 0.38),
            ("publics_accueillis", PUBLICS if famille else JEUNES, 1.0 if famille or rang == 1 else 0.12),
        ))  # fmt: skip
        if 7 <= rang < 7 + rares(len(doors), 4 / 646, 0.018):
            del objet["latitude"], objet["longitude"]
        objet["source"] = PRODUCTEURS[source]
        objet["date_maj"] = "1970-01-01" if rang % 7 == 3 else f"2023-{1 + rang % 5:02d}-{1 + rang % 28:02d}"
        avant.append(objet)
        apres.append(_standard(objet))
    for millesime, objets in (("2023-05-17", avant), ("2024-09-12", apres)):
        fichier = "20230517-hub-du-sud-lieux-de-mediation-numeriques-provence-alpes-cote-d-azur.json"
        depot.octets(SOURCE, millesime, fichier, json_indente(objets))


def _international(rang: int) -> str:
    return "+33" + telephone(rang).replace(" ", "")[1:]


def _optional(rang: int, rng: np.random.Generator, cles: tuple[tuple[str, str, float], ...]) -> dict[str, str]:
    """Keys that only a share of the records has; the first record of a list has them all, so that none is lost."""
    tires = rng.random(len(cles)).tolist()
    return {cle: v for (cle, v, part), sort in zip(cles, tires, strict=True) if sort < part or rang == 0}


def _standard(objet: dict) -> dict:
    """The same record in the words and separators of the standard v1."""
    nouveau = {}
    for cle, valeur in objet.items():
        if cle == "services":
            nouveau[cle] = "|".join(dict.fromkeys(SERVICES[s] for s in valeur.split(";")))
        elif cle == "publics_accueillis" and valeur == JEUNES:
            nouveau["publics_specifiquement_adresses"] = "Jeunes"
        elif cle == "conditions_acces":
            nouveau["frais_a_charge"] = "Gratuit"
        elif cle == "modalites_accompagnement":
            nouveau[cle] = "|".join(MODALITES[m] for m in valeur.split(";"))
        else:
            nouveau["courriels" if cle == "courriel" else cle] = valeur
    return nouveau


def _write_loin(t: Territoire, depot: Depot) -> None:
    """A far collectivity's list, in the standard v1, with keys of its own."""
    rng, objets = t.tirage("loin"), []
    n = t.nombre(90, 6)
    villes, voies, services = noms.radicaux(rng, n), noms.adresses(rng, n), list(dict.fromkeys(SERVICES.values()))
    for k in range(n):
        objet = {
            "id": str(k), "nom": f"Espace simulé de {villes[k]}", "services": "|".join(services[: 1 + k % 4]),
            "pivot": "0" * 14, "typologie": ("BIB", "ASSO", "PIJ_BIJ", "MQ")[k % 4],
            "commune": villes[k], "code_postal": "98800", "adresse": " ".join(v[k] for v in voies if v[k]),
            "code_insee": f"988{1 + k % 33:02d}", "latitude": round(float(rng.uniform(-22.3, -20.5)), 6),
            "longitude": round(float(rng.uniform(164.5, 167.2)), 6), "telephone": f"+687{990000 + k}",
            "publics_specifiquement_adresses": "Familles et/ou enfants|Jeunes|Seniors",
        }  # fmt: skip
        objet |= _optional(k, rng, (
            ("labels_autres", "Label simulé", 0.29), ("presentation_resume", "Lieu fictif, données simulées", 0.2),
            ("horaires", HORAIRES[0], 0.77), ("complement_adresse", "Près du terrain", 0.2),
            ("prise_en_charge_specifique", "Handicaps mentaux", 0.08), ("courriel", f"loin-{k}@exemple.exemple", 0.7),
            ("site_web", "https://collectivite.exemple", 0.43),
        ))  # fmt: skip
        objets.append(objet | {"source": "Collectivité simulée", "date_maj": f"2023-{9 + k % 3:02d}-{1 + k % 28:02d}"})
    fichier = "20240320-nouvelle-caledonie-lieux-de-mediation-numeriques-nouvelle-caledonie.json"
    depot.octets(SOURCE, "2024-09-12", fichier, json_indente(objets))


def _write_ifn(t: Territoire, h: Histoire, p: Profils, depot: Depot, millesime: str) -> None:
    """Scores from 0 to 10 under names of rates: deciles, blurred for the largest communes, absent for two."""
    places = Places(t, h.etats["2021"], villes=False)
    n, rng = len(places.codes), t.tirage("ifn")
    sans_4g = places.moyenne(p.faible_4g)
    mesures = [-places.moyenne(p.part_fibre(2022.5) + 0.01 * p.urbanite), sans_4g, places.moyenne(p.pauvrete),
               places.moyenne(p.plus_65), places.moyenne(p.peu_diplomes)]  # fmt: skip
    notes = np.stack([np.ceil(10 * rang_relatif(m)) for m in mesures], 1)
    notes[:, 1] = np.where(rang_relatif(sans_4g) < 0.33, 5, 5 + np.ceil(5 * rang_relatif(sans_4g)))
    grandes = places.population(2020) > 12_000
    flou = (notes[:, 1:] + rng.normal(0, 0.35, (n, 4))).clip(0.05, 9.95)
    notes[:, 1:] = np.where(grandes[:, None], flou, notes[:, 1:])
    notes[places.population(2020) == 0] = 0  # destroyed villages stand at 0 everywhere, as in the real index
    total = notes @ POIDS_JUILLET if millesime == "2023-07-04" else notes.mean(1)
    muets = set(rng.choice(n, size=rares(n, 2 / 35_008, 0.009), replace=False).tolist())
    chiffres = [[str(v) for v in c.tolist()] for c in (*notes.T, total)]
    chiffres = [["" if k in muets else v for k, v in enumerate(c)] for c in chiffres]
    colonnes = [places.libelles(), ["city"] * n, places.codes, *chiffres]
    depot.csv("mednum__fragilite_numerique", millesime, "ifn-city-all-variation.csv", IFN, colonnes)
