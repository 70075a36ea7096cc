"""Our places in the national standard «lieux de médiation numérique», v1.0.2.

Standard: LaMedNum/standard-mediation-num, on schema.data.gouv.fr. Its required fields are id, pivot, nom, commune,
code_postal, adresse and date_maj: a place that lacks one is left out and counted, nothing is made up for it. `pivot`
is the SIRET, or zeros as the standard says when there is none. Telephone and e-mail are never filled.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from pilotage.ecriture_csv import protect

FICHIER = "lieux-mediation-numerique.csv"
VERSION = "1.0.2"
SCHEMA = "https://schema.data.gouv.fr/LaMedNum/standard-mediation-num/1.0.2.html"
CHAMPS = (
    "id", "pivot", "nom", "commune", "code_postal", "code_insee", "adresse", "complement_adresse", "latitude",
    "longitude", "typologie", "telephone", "courriels", "site_web", "horaires", "presentation_resume",
    "presentation_detail", "source", "itinerance", "structure_parente", "date_maj", "services",
    "publics_specifiquement_adresses", "prise_en_charge_specifique", "frais_a_charge",
    "dispositif_programmes_nationaux", "formations_labels", "autres_formations_labels", "modalites_acces",
    "modalites_accompagnement", "fiche_acces_libre", "prise_rdv",
)  # fmt: skip
SANS_PIVOT = "0" * 14
QUOTIDIEN, MONDE = "Maîtrise des outils numériques du quotidien", "Compréhension du monde numérique"
DEMARCHES, EMPLOI = "Aide aux démarches administratives", "Insertion professionnelle via le numérique"
INTERNET, ENFANTS = "Accès internet et matériel informatique", "Parentalité et éducation avec le numérique"
# Words of the standard's earlier versions (2022, 2023) -> words of v1.0.2; its own words stay.
SERVICES = {
    "Prendre en main un ordinateur": QUOTIDIEN,
    "Prendre en main un smartphone ou une tablette": QUOTIDIEN,
    "Utiliser le numérique au quotidien": QUOTIDIEN,
    "Approfondir ma culture numérique": MONDE,
    "Promouvoir la citoyenneté numérique": MONDE,
    "Devenir autonome dans les démarches administratives": DEMARCHES,
    "Réaliser des démarches administratives avec un accompagnement": DEMARCHES,
    "Accompagner les démarches de santé": DEMARCHES,
    "Favoriser mon insertion professionnelle": EMPLOI,
    "Accéder à une connexion internet": INTERNET,
    "Accéder à du matériel": INTERNET,
    "S’équiper en matériel informatique": "Acquisition de matériel informatique à prix solidaire",
    "Soutenir la parentalité et l’éducation avec le numérique": ENFANTS,
    "Loisirs et créations numériques": "Loisirs et créations numériques",
    "Utilisation sécurisée du numérique": "Utilisation sécurisée du numérique",
}
SERVICES |= {word: word for word in SERVICES.values()}
DISPOSITIFS = {
    "est_aidants_connect": "Aidants Connect",
    "est_conseiller_numerique": "Conseillers numériques",
    "est_france_services": "France Services",
}
TYPOLOGIES = {"est_bibliotheque": "BIB", "est_france_services": "RFS", "est_fabrique": "TIERS_LIEUX"}
CODE_INSEE = re.compile(r"([013-9]\d|2[AB1-9])\d{3}")
REQUETE = """
WITH dates AS (
    SELECT id_lieu, max(CASE
        WHEN regexp_full_match(millesime, '\\d{{4}}-\\d{{2}}-\\d{{2}}') THEN millesime
        WHEN regexp_full_match(millesime, '\\d{{4}}-\\d{{2}}') THEN millesime || '-01'
        WHEN regexp_full_match(millesime, '\\d{{4}}') THEN millesime || '-01-01' END) AS date_maj,
        string_agg(DISTINCT s.producteur, ', ' ORDER BY s.producteur) AS source
    FROM '{ponts}' AS p LEFT JOIN '{sources}' AS s ON s.source = p.source GROUP BY id_lieu
), mediation AS (
    SELECT id_lieu, string_agg(services, '|') AS services, max(date_mise_a_jour)::VARCHAR AS date_mediation
    FROM '{mediation}' WHERE id_lieu IS NOT NULL GROUP BY id_lieu
)
SELECT l.*, c.nom_commune, d.source, greatest(d.date_maj, m.date_mediation) AS date_maj, m.services
FROM '{lieux}' AS l
LEFT JOIN '{communes}' AS c ON c.code_commune = l.code_commune AND c.est_actuelle
LEFT JOIN dates AS d ON d.id_lieu = l.id_lieu
LEFT JOIN mediation AS m ON m.id_lieu = l.id_lieu
ORDER BY l.id_lieu
"""
NOMBRES = ("latitude", "longitude")
TABLES = {
    "lieux": "commun.dim_lieux",
    "ponts": "commun.pont_lieux_sources",
    "sources": "commun.dim_sources",
    "communes": "commun.dim_communes",
    "mediation": "usages.fait_lieux_mediation",
}


@dataclass(frozen=True)
class Conversion:
    """What became of our places. ecartes: number left out by reason; inconnus: words that the standard lacks."""

    fichier: Path
    lieux: int
    ecrits: int
    ecartes: dict[str, int]
    inconnus: dict[str, int]


def write_standard(parquets: dict[str, Path], folder: Path) -> Conversion | None:
    """Write `lieux-mediation-numerique.csv` from the exported tables; None when one of them is not published."""
    if any(name not in parquets for name in TABLES.values()):
        return None
    import duckdb

    places = {name: str(parquets[table]).replace("'", "''") for name, table in TABLES.items()}
    with duckdb.connect() as connection:
        cursor = connection.execute(REQUETE.format(**places))
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    left, unknown, path = Counter(), Counter(), folder / FICHIER
    written = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, CHAMPS, lineterminator="\r\n")
        writer.writeheader()
        for row in rows:
            if reason := reason_to_leave_out(row):
                left[reason] += 1
                continue
            place = convert(row, unknown)
            writer.writerow({k: v if k in NOMBRES or v is None else protect(v) for k, v in place.items()})
            written += 1
    return Conversion(path, len(rows), written, dict(sorted(left.items())), dict(sorted(unknown.items())))


def reason_to_leave_out(row: dict) -> str | None:
    """Why a place has no line in the standard, None when it has one."""
    if not row["est_ouvert"]:
        return "rien ne dit qu'il reçoive encore"
    if not any(row[name] for name in ("est_mediation", "est_fabrique", "est_manufacture", *DISPOSITIFS)):
        return "n'est pas un lieu de médiation numérique (bibliothèque ou point de poste seul)"
    for name, said in (("nom_lieu", "nom"), ("nom_commune", "commune"), ("adresse", "adresse"), ("date_maj", "date")):
        if not (row[name] or "").strip():
            return f"{said} absent de ses sources"
    if not re.fullmatch(r"\d{5}", row["code_postal"] or ""):
        return "code postal absent de ses sources"
    return None


def convert(row: dict, unknown: Counter) -> dict[str, str]:
    """A place in the words of the standard; words of services that it does not know are counted in `unknown`."""
    words = [word.strip() for word in (row["services"] or "").split("|") if word.strip()]
    unknown.update(word for word in words if word not in SERVICES)
    services = [SERVICES[word] for word in words if word in SERVICES]
    if row["est_france_services"] or row["est_aidants_connect"]:
        services.append(DEMARCHES)  # what both programmes are for, by their own definition
    code = row["code_commune"] or ""
    return {
        "id": row["id_lieu"],
        "pivot": row["siret"] or SANS_PIVOT,
        "nom": row["nom_lieu"].strip(),
        "commune": row["nom_commune"],
        "code_postal": row["code_postal"],
        "code_insee": code if CODE_INSEE.fullmatch(code) else "",
        "adresse": row["adresse"].strip(),
        "latitude": _number(row["latitude"]),
        "longitude": _number(row["longitude"]),
        "typologie": "|".join(word for name, word in TYPOLOGIES.items() if row[name]),
        "source": row["source"] or "",
        "date_maj": row["date_maj"],
        "services": "|".join(sorted(set(services))),
        "dispositif_programmes_nationaux": "|".join(word for name, word in DISPOSITIFS.items() if row[name]),
        "formations_labels": "Fabriques de Territoire" if row["est_fabrique"] else "",
    }


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)
