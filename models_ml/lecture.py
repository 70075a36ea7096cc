"""The queries that bring the marts of a generation to the recommender; nothing else of the warehouse is read."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from models_ml import donnees, histoire
from models_ml.donnees import Donnees
from pilotage.errors import ErreurRecommandation

# The newest millésime of each commune, whole: what is secret there is missing, an older figure does not replace it.
COMMUNES = """
WITH profils AS (
    SELECT DISTINCT ON (code_commune) code_commune, chomeurs_15_64, actifs_15_64
    FROM {commun}.fait_profils ORDER BY code_commune, millesime DESC
),
revenus AS (
    SELECT DISTINCT ON (code_commune) code_commune, revenu_median_eur, taux_pauvrete_pct
    FROM {commun}.fait_revenus ORDER BY code_commune, millesime DESC
),
ages AS (
    SELECT DISTINCT ON (code_commune) code_commune, part_65_ans_pct, part_15_24_ans_pct, part_peu_diplomes_pct
    FROM {commun}.fait_ages_diplomes ORDER BY code_commune, millesime DESC
),
quartiers AS (
    -- A commune without a priority quarter has none of its people there; the list covers the whole country.
    SELECT code_commune, SUM(population) AS population_qpv
    FROM {commun}.pont_quartiers_communes
    WHERE millesime = (SELECT MAX(millesime) FROM {commun}.pont_quartiers_communes)
    GROUP BY code_commune
),
recensement AS (
    SELECT code_commune, population FROM {commun}.fait_profils WHERE millesime = '2018'
),
fragilites AS (
    SELECT DISTINCT ON (code_commune) code_commune, score_thd, score_4g, score_pauvrete, score_65_ans, score_diplome
    FROM {usages}.fait_fragilite_numerique ORDER BY code_commune, millesime DESC
)
SELECT
    c.code_commune, c.nom_commune, c.code_departement, c.code_region, c.code_bassin_vie, c.siren_epci, c.code_crte,
    c.niveau_densite, c.classe_ruralite, c.population, c.latitude, c.longitude, c.superficie_km2,
    r.revenu_median_eur, r.taux_pauvrete_pct, p.chomeurs_15_64, p.actifs_15_64,
    f.score_thd, f.score_4g, f.score_pauvrete, f.score_65_ans, f.score_diplome,
    g.part_65_ans_pct, g.part_15_24_ans_pct, g.part_peu_diplomes_pct,
    CASE
        WHEN q.code_commune IS NULL AND EXISTS (SELECT 1 FROM quartiers) THEN 0
        WHEN t.population > 0 THEN LEAST(100, 100 * q.population_qpv / t.population)
    END AS population_qpv_pct
FROM {commun}.dim_communes AS c
LEFT JOIN profils AS p ON p.code_commune = c.code_commune
LEFT JOIN revenus AS r ON r.code_commune = c.code_commune
LEFT JOIN fragilites AS f ON f.code_commune = c.code_commune
LEFT JOIN ages AS g ON g.code_commune = c.code_commune
LEFT JOIN quartiers AS q ON q.code_commune = c.code_commune
LEFT JOIN recensement AS t ON t.code_commune = c.code_commune
WHERE c.est_actuelle
ORDER BY c.code_commune
"""
SITES = """
SELECT id_fs AS id_site, nom, code_commune, latitude, longitude, date_labellisation AS date_ouverture, format, type_site
FROM {usages}.fait_france_services
WHERE est_actif AND millesime = (SELECT MAX(millesime) FROM {usages}.fait_france_services)
ORDER BY id_fs
"""
LIEUX = """
SELECT
    CASE s.source
        WHEN 'laposte__points_contact' THEN 'poste'
        WHEN 'culture__bibliotheques' THEN 'bibliotheque'
        WHEN 'mednum__lieux_mediation' THEN 'mediation'
        WHEN 'anct__aidants_connect' THEN 'aidants_connect'
        WHEN 'anct__conseillers_numeriques' THEN 'conseiller_numerique'
    END AS nature,
    l.code_commune, l.nom_lieu AS nom, l.latitude, l.longitude, MIN(s.millesime) AS millesime
FROM {commun}.dim_lieux AS l
INNER JOIN {commun}.pont_lieux_sources AS s ON s.id_lieu = l.id_lieu
WHERE s.source IN (
    'laposte__points_contact', 'culture__bibliotheques', 'mednum__lieux_mediation', 'anct__aidants_connect',
    'anct__conseillers_numeriques'
)
GROUP BY s.source, l.id_lieu, l.code_commune, l.nom_lieu, l.latitude, l.longitude
ORDER BY s.source, l.id_lieu
"""
OFFRE = """
SELECT
    id_offre, service, code_commune, nom, latitude, longitude, nombre, capacite, format, source, millesime
FROM {commun}.fait_offre_services
ORDER BY service, id_offre
"""
OFFRE_DU_SERVICE = OFFRE.replace("ORDER BY", "WHERE service = :service ORDER BY")
POPULATIONS = """
SELECT code_commune, millesime, population_municipale
FROM {commun}.fait_populations WHERE population_municipale IS NOT NULL ORDER BY millesime, code_commune
"""
VIDES = {"sites": donnees.SITES, "lieux": donnees.LIEUX, "populations": donnees.POPULATIONS}
SIMULEE = "SELECT COALESCE(BOOL_OR(est_simule), FALSE) FROM {commun}.dim_territoires"


def load_donnees(generation: str | None = None) -> Donnees:
    """Read and check the marts of a generation, or of the visible one.

    Raises:
        ErreurRecommandation: a mart or column is absent, or a value breaks what the marts promise.
    """
    from pilotage.database import get_engine
    from pilotage.generations import schema

    names = {axis: f'"{schema(axis, generation)}"' for axis in ("commun", "usages")}
    with get_engine().connect() as connection:
        frames = {
            name: read(connection, query.format(**names))
            for name, query in (
                ("communes", COMMUNES), ("sites", SITES), ("lieux", LIEUX), ("populations", POPULATIONS),
                ("offre", OFFRE),
            )
        }  # fmt: skip
        simulated = bool(connection.scalar(text(SIMULEE.format(**names))))
        frames["histoire"] = read(connection, histoire.REQUETE.format(**names), types=list(histoire.NATURES))
    frames["distancier"] = given_times()
    return Donnees.assemble(generation=generation or "visible", est_simulee=simulated, **frames)


def load_reseau(service: str) -> Donnees:
    """Communes and the places of one service in the visible generation: what a closing needs, read in a moment.

    Raises:
        ErreurRecommandation: as `load_donnees`.
    """
    from pilotage.database import get_engine

    names = {axis: axis for axis in ("commun", "usages")}
    with get_engine().connect() as connection:
        communes = read(connection, COMMUNES.format(**names))
        offre = read(connection, OFFRE_DU_SERVICE.format(**names), service=service)
        simulated = bool(connection.scalar(text(SIMULEE.format(**names))))
    empty = {name: pd.DataFrame(columns=list(columns)) for name, columns in VIDES.items()}
    return Donnees.assemble(
        generation="visible", est_simulee=simulated, communes=communes, offre=offre, distancier=given_times(), **empty
    )


def given_times() -> pd.DataFrame | None:
    """The distancier that PILOTAGE_DISTANCIER names, None without one.

    Raises:
        ErreurRecommandation: as `read_distancier`.
    """
    from models_ml.distancier import read_distancier
    from pilotage.config import get_settings

    path = get_settings().distancier
    return read_distancier(path) if path else None


def read(connection: Connection, query: str, **parameters) -> pd.DataFrame:
    """Rows of a query as a frame.

    Raises:
        ErreurRecommandation: PostgreSQL does not know a schema, table or column that the query names.
    """
    try:
        result = connection.execute(text(query), parameters)
        return pd.DataFrame(result.fetchall(), columns=list(result.keys()))
    except ProgrammingError as error:
        reason = str(error.orig).splitlines()[0]
        raise ErreurRecommandation(
            f"lecture des marts impossible ({reason})", conseil="construire l'entrepôt avant la recommandation"
        ) from error
