"""What every page shares: the catalogue of actions, indicators, services and sources, and France's own values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pilotage.site.lecture import read

if TYPE_CHECKING:
    from psycopg import Connection

NIVEAUX = {
    "commune": ("Commune", "communes"),
    "epci": ("Intercommunalité", "intercommunalités"),
    "crte": ("CRTE", "contrats de relance et de transition écologique"),
    "bassin_vie": ("Bassin de vie", "bassins de vie"),
    "departement": ("Département", "départements"),
    "region": ("Région", "régions"),
    "france": ("France", "France"),
    "territoire": ("Territoire défini", "territoires définis"),
}
TABLES = {
    "axes": ("code_axe", "SELECT code_axe, libelle, ordre FROM commun.dim_axes ORDER BY ordre"),
    "actions": (
        "code_action",
        "SELECT code_action, code_axe, libelle, ordre, mesure, jeu_manquant FROM commun.dim_actions ORDER BY ordre",
    ),
    "indicateurs": (
        "code_indicateur",
        "SELECT i.code_indicateur, i.code_action, i.code_axe, i.libelle, i.unite, i.facteur, i.sens, i.numerateur, "
        "i.denominateur, i.source, i.description, i.niveau_min, i.est_verifiee, i.cible, i.cible_date, "
        "i.cible_origine FROM commun.dim_indicateurs AS i INNER JOIN commun.dim_actions AS a USING (code_action) "
        "ORDER BY a.ordre, i.code_indicateur",
    ),
    "sources": (
        "source",
        "SELECT source, titre, producteur, page, licence, attribution, frequence, est_derive_tiers, est_verifiee, "
        "millesime_servi, date_donnees, est_perimee FROM commun.dim_sources ORDER BY source",
    ),
    "services": (
        "service",
        "SELECT service, libelle, seuil_min, raison_seuil, guichet_obligatoire, offre_observee, raison_offre, "
        "date_donnees FROM commun.dim_services ORDER BY ordre",
    ),
    "actions_services": (
        "action",
        "SELECT DISTINCT action, libelle_action FROM recommandation.decisions ORDER BY 1",
    ),
    "plans": (
        "service",
        "SELECT service, CASE WHEN p > 0 THEN cout_annuel_eur / p END AS cout_par_site_eur FROM recommandation.plans "
        "WHERE scenario = 'central' ORDER BY service",
    ),
}  # fmt: skip
REPERES = """
SELECT niveau, code_indicateur, millesime, date_donnees, minimum, premier_quart, mediane, dernier_quart, maximum,
    nb_territoires
FROM synthese.reperes ORDER BY niveau, code_indicateur
"""


def read_commun(connection: Connection, generation: str, jour: str, est_simulee: bool) -> dict:
    """The catalogue as one object; `reperes` by level then indicator."""
    found: dict = {"generation": generation, "jour": jour, "simulee": est_simulee, "niveaux": NIVEAUX}
    for name, (key, query) in TABLES.items():
        rows = read(connection, query).to_dicts()
        found[name] = {row.pop(key): row for row in rows}
    levels: dict[str, dict] = {}
    for row in read(connection, REPERES).iter_rows():
        levels.setdefault(row[0], {})[row[1]] = list(row[2:])
    return {**found, "reperes": levels}


def as_script(name: str, value: dict) -> str:
    """`window.<name> = {…};`: a page read from a file share cannot fetch a file, it can load a script."""
    return f"window.{name} = {dump(value)};\n"


def dump(value: object) -> str:
    """JSON without spaces, safe inside a script element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
