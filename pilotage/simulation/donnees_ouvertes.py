"""What local bodies publish: OpenDataFrance's list, data.gouv.fr's catalogue, deliberations at the national schema."""

from __future__ import annotations

import datetime as dt
import hashlib

import numpy as np

from pilotage.simulation import noms
from pilotage.simulation.ecriture import Depot, guillemets, minimal
from pilotage.simulation.groupements import SIREN_COMMUNES
from pilotage.simulation.histoire import Histoire
from pilotage.simulation.territoire import Territoire

ENTETE_ODF = "siren,nom,url_platform,id_datagouv,techno_platform"
ENTETE_CATALOGUE = (
    "dataset.id;dataset.title;dataset.slug;dataset.url;dataset.organization;dataset.organization_id;dataset.license;"
    "dataset.private;dataset.archived;id;url;title;description;filetype;type;format;mime;filesize;checksum.type;"
    "checksum.value;created_at;modified;downloads;harvest.created_at;harvest.modified_at;schema_name;schema_version;"
    "preview_url;extras"
)
BOOLEENS = ("dataset.private", "dataset.archived", "downloads")  # written without quotes
SCHEMAS = ("", "", "", "", "scdl/deliberations", "etalab/schema-irve-statique", "scdl/subventions")
ENTETE_SCDL = (
    "COLL_NOM,COLL_SIRET,DELIB_ID,DELIB_DATE,DELIB_MATIERE_CODE,DELIB_MATIERE_NOM,DELIB_OBJET,BUDGET_ANNEE,BUDGET_NOM,"
    "PREF_ID,PREF_DATE,VOTE_EFFECTIF,VOTE_REEL,VOTE_POUR,VOTE_CONTRE,VOTE_ABSTENTION,DELIB_URL"
)
MATIERES = (("1.1", "commande publique/marchés publics"), ("7.1", "finances locales/décisions budgétaires"),
            ("8.4", "domaines de compétences par thèmes/aménagement du territoire"))  # fmt: skip


def write(t: Territoire, h: Histoire, depot: Depot) -> None:
    organismes = _organismes(t, h)
    _write_odf(organismes, depot)
    _write_catalogue(t, organismes, depot)
    _write_deliberations(t, h, depot)


def _collectivites(t: Territoire, h: Histoire, communes: int, groupements: int, sujet: str) -> list[tuple[str, str]]:
    """(SIREN, name) of the communes and groupings drawn, the populous ones first."""
    rng, etat = t.tirage(sujet), h.etats["2025"]
    poids = np.maximum(t.population[etat.chefs], 1.0)
    chefs = rng.choice(etat.chefs, size=min(communes, len(etat.chefs)), replace=False, p=poids / poids.sum())
    epcis = np.unique(t.epci[etat.chefs][t.epci[etat.chefs] >= 0])
    epcis = rng.choice(epcis, size=min(groupements, len(epcis)), replace=False)
    sirens = noms.siren(np.concatenate([SIREN_COMMUNES + chefs, epcis]))
    libelles = [noms.majuscules(t.nom[c]) for c in chefs.tolist()] + [f"CC SIMULEE {e}" for e in epcis.tolist()]
    return list(zip(sirens, libelles, strict=True))


def _organismes(t: Territoire, h: Histoire) -> list[dict[str, str]]:
    """A third share one platform; others have their own, or data.gouv.fr only."""
    corps = _collectivites(t, h, t.nombre(544, 20), t.nombre(190, 5), "open data")
    chiffres = [d for d in t.codes_dep if d.isdigit()][: t.nombre(62, 2)]
    corps += [(f"22{d}".ljust(9, "0"), f"DEPARTEMENT SIMULE {d}") for d in chiffres]
    organismes = []
    for k, (siren, nom) in enumerate(corps):
        adresse = ("", f"https://donnees.territoire-simule.example/organisation/{k}", f"https://data{k}.example/")[
            k % 3
        ]
        publie = k % 3 == 0 or k % 5 > 0
        organismes.append({
            "siren": siren, "nom": nom, "url_platform": adresse,
            "id_datagouv": hashlib.sha256(siren.encode()).hexdigest()[:24] if publie else "",
            "techno_platform": ", ".join(x for x in ("CKAN" if adresse else "", "DataGouv" if publie else "") if x),
        })  # fmt: skip
    return organismes


def _write_odf(organismes: list[dict[str, str]], depot: Depot) -> None:
    champs = ENTETE_ODF.split(",")
    colonnes = [[o[c] for o in organismes] for c in champs]
    colonnes = [colonnes[0], *(guillemets(c) for c in colonnes[1:])]
    entete = ",".join(guillemets(champs))
    depot.csv("opendatafrance__organisations", "2025-03-25", "odf.csv", entete, colonnes)


def _write_catalogue(t: Territoire, organismes: list[dict[str, str]], depot: Depot) -> None:
    rng, champs, rangees = t.tirage("catalogue"), ENTETE_CATALOGUE.split(";"), []
    for o in (o for o in organismes if o["id_datagouv"]):
        for rang in range(1 + int(rng.poisson(3))):
            cle = hashlib.sha256(f"{o['siren']}/{rang}".encode()).hexdigest()
            jour = (dt.date(2020, 1, 1) + dt.timedelta(int(rng.integers(0, 1_800)))).isoformat()
            schema = SCHEMAS[int(rng.integers(len(SCHEMAS)))]
            rangees.append(dict.fromkeys(champs, "") | {
                "dataset.id": cle[:24], "dataset.title": f"Jeu simulé {rang}", "dataset.slug": f"jeu-simule-{rang}",
                "dataset.url": f"https://example.org/{cle[:24]}", "dataset.organization": o["nom"],
                "dataset.organization_id": o["id_datagouv"], "dataset.license": "Licence Ouverte (simulée)",
                "dataset.private": "False", "dataset.archived": "False", "id": f"{cle[:8]}-{cle[8:12]}-{cle[24:36]}",
                "url": f"https://example.org/{cle}.csv", "title": f"ressource-{rang}.csv", "filetype": "remote",
                "type": "main" if rang % 6 < 5 else "documentation", "format": "csv", "mime": "text/csv",
                "created_at": f"{jour}T00:00:00", "modified": f"{jour}T09:15:04", "schema_name": schema,
                "downloads": str(int(rng.integers(0, 900))),
            })  # fmt: skip
    colonnes = [
        [r[c] for r in rangees] if c in BOOLEENS else guillemets([r[c] for r in rangees], vide=True) for c in champs
    ]
    entete = ";".join(guillemets(champs))
    depot.csv("datagouv__catalogue", "2025-04-01-extrait", "datagouv_catalog.csv", entete, colonnes, separateur=";")


def _write_deliberations(t: Territoire, h: Histoire, depot: Depot) -> None:
    rng, rangees = t.tirage("deliberations"), []
    for siren, nom in _collectivites(t, h, t.nombre(400, 8), t.nombre(80, 3), "collectivites scdl"):
        siret = noms.siret([siren])[0]
        for rang in range(3 + int(rng.poisson(6))):
            jour = (dt.date(2024, 1, 8) + dt.timedelta(int(rng.integers(0, 360)))).isoformat()
            matiere, elus = MATIERES[int(rng.integers(3))], int(rng.integers(11, 45))
            contre, vote = int(rng.integers(0, 4)), rng.random() < 0.7
            rangees.append((
                nom, siret, f"D{rang + 1:03d}", jour, *matiere, f"Délibération simulée {rang + 1}", "2024", "", "",
                jour,
                str(elus), str(elus - 1) if vote else "", str(elus - 1 - contre) if vote else "",
                str(contre) if vote else "", "0" if vote else "",
                f"https://example.org/{siren}/{rang}.pdf" if rng.random() < 0.6 else "",
            ))  # fmt: skip
    colonnes = [minimal(c, ",") for c in zip(*rangees, strict=True)]
    depot.csv("scdl__deliberations", "2025-04", "deliberations-consolidees.csv", ENTETE_SCDL, colonnes)
