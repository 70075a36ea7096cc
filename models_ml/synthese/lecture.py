"""The queries that bring the marts of a generation to the synthesis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from pilotage.errors import ErreurRecommandation
from pilotage.generations import schema

if TYPE_CHECKING:
    from psycopg import Connection

AXES = ("infrastructures", "developpement", "services", "usages", "ecosystemes")
# Territories and communes bear the number of their row, the same in every query.
TERRITOIRES = """
SELECT cle_territoire, niveau, code_territoire, nom_territoire, population::float8 AS population,
    superficie_km2::float8 AS superficie_km2
FROM {commun}.dim_territoires ORDER BY cle_territoire COLLATE "C"
"""
INDICATEURS = """
SELECT code_indicateur, code_action, libelle, unite, sens, cible::float8 AS cible, cible_date, cible_origine
FROM {commun}.dim_indicateurs ORDER BY code_indicateur COLLATE "C"
"""
ACTIONS = "SELECT code_action, code_axe, libelle, ordre FROM {commun}.dim_actions ORDER BY ordre"
# A million rows one by one would take a minute; as arrays of bytes, one row an indicator and millésime, two seconds.
MESURES = """
WITH numeros AS (
    SELECT cle_territoire, (ROW_NUMBER() OVER (ORDER BY cle_territoire COLLATE "C") - 1)::int4 AS numero
    FROM {commun}.dim_territoires
)
SELECT m.code_indicateur, m.millesime, MAX(m.date_donnees) AS date_donnees,
    STRING_AGG(INT4SEND(n.numero), ''::bytea) AS territoire,
    STRING_AGG(FLOAT8SEND(m.valeur::float8), ''::bytea) AS valeur,
    STRING_AGG(FLOAT8SEND(COALESCE(m.couverture_population_pct::float8, 0)), ''::bytea) AS couverture
FROM {table} AS m
INNER JOIN numeros AS n ON n.cle_territoire = m.cle_territoire
WHERE m.valeur IS NOT NULL
GROUP BY m.code_indicateur, m.millesime
"""
PONT = """
WITH numeros AS (
    SELECT cle_territoire, (ROW_NUMBER() OVER (ORDER BY cle_territoire COLLATE "C") - 1)::int4 AS numero
    FROM {commun}.dim_territoires
),
communes AS (
    SELECT code_commune, (ROW_NUMBER() OVER (ORDER BY code_commune COLLATE "C") - 1)::int4 AS numero
    FROM {commun}.dim_communes WHERE est_actuelle
)
SELECT STRING_AGG(INT4SEND(c.numero), ''::bytea) AS commune, STRING_AGG(INT4SEND(n.numero), ''::bytea) AS territoire
FROM {commun}.pont_communes_territoires AS p
INNER JOIN communes AS c ON c.code_commune = p.code_commune
INNER JOIN numeros AS n ON n.cle_territoire = p.cle_territoire
"""
# The newest millésime of each fact, whole: what is secret there is missing, an older figure does not replace it.
COMMUNES = """
SELECT c.code_commune, c.population, c.niveau_densite, r.revenu_median_eur, r.taux_pauvrete_pct, r.menages_fiscaux,
    p.population AS population_recensee, p.population_15_64, p.chomeurs_15_64, p.actifs_15_64,
    d.locaux, d.locaux_30_et_plus, f.locaux AS locaux_recents, f.locaux_fibre,
    a.part_65_ans_pct, a.part_peu_diplomes_pct,
    i.score_total, i.score_thd, i.score_4g, i.score_pauvrete, i.score_65_ans, i.score_diplome
FROM {commun}.dim_communes AS c
LEFT JOIN {commun}.fait_revenus AS r
    ON r.code_commune = c.code_commune AND r.millesime = (SELECT MAX(millesime) FROM {commun}.fait_revenus)
LEFT JOIN {commun}.fait_profils AS p
    ON p.code_commune = c.code_commune AND p.millesime = (SELECT MAX(millesime) FROM {commun}.fait_profils)
LEFT JOIN {infrastructures}.fait_debits AS d
    ON d.code_commune = c.code_commune AND d.millesime = (SELECT MAX(millesime) FROM {infrastructures}.fait_debits)
LEFT JOIN {infrastructures}.fait_fibre_recente AS f
    ON f.code_commune = c.code_commune
    AND f.millesime = (SELECT MAX(millesime) FROM {infrastructures}.fait_fibre_recente)
LEFT JOIN {usages}.fait_fragilite_numerique AS i ON i.code_commune = c.code_commune AND i.est_servi
LEFT JOIN {commun}.fait_ages_diplomes AS a
    ON a.code_commune = c.code_commune AND a.millesime = (SELECT MAX(millesime) FROM {commun}.fait_ages_diplomes)
WHERE c.est_actuelle ORDER BY c.code_commune COLLATE "C"
"""
PRIORITES = """
SELECT cle_territoire, code_action, poids::float8 AS poids FROM {commun}.fait_priorites WHERE cle_territoire IS NOT NULL
"""
OBJECTIFS = """
SELECT cle_territoire, code_indicateur, date_objectif, valeur_cible::float8 AS valeur_cible, origine
FROM {commun}.fait_objectifs WHERE cle_territoire IS NOT NULL
"""
NOMBRES = ("population", "superficie_km2", "cible", "poids", "valeur_cible")
JOURS = ("cible_date", "date_objectif")
TEXTES = ("cle_territoire", "code_action", "code_indicateur", "cible_origine", "origine")
TYPES = {name: kind for names, kind in ((NOMBRES, pl.Float64), (JOURS, pl.Date), (TEXTES, pl.String)) for name in names}


@dataclass(frozen=True)
class Marts:
    """The marts that the synthesis reads, numbered so that the same warehouse gives the same result.

    Attributes:
        territoires: one row a territory, by key; its row number is its number everywhere below.
        mesures: territoire and indicateur (row numbers), millesime, date_donnees, valeur, couverture_population_pct.
        pont: commune (row number in `communes`) and territoire.
        priorites: territoire, code_action, poids: what the territories said themselves; empty when none did.
        objectifs: territoire, indicateur, date_objectif, valeur_cible, origine; empty when none.
    """

    territoires: pl.DataFrame
    indicateurs: pl.DataFrame
    actions: pl.DataFrame
    mesures: pl.DataFrame
    communes: pl.DataFrame
    pont: pl.DataFrame
    priorites: pl.DataFrame
    objectifs: pl.DataFrame

    @cached_property
    def niveaux(self) -> np.ndarray:
        return self.territoires["niveau"].to_numpy()

    @cached_property
    def populations(self) -> np.ndarray:
        return self.territoires["population"].cast(pl.Float64).to_numpy()


def load_marts(generation: str | None = None) -> Marts:
    """Read the marts of a generation, or of the visible one.

    Raises:
        ErreurRecommandation: a table or column that the synthesis reads is absent.
    """
    import psycopg

    from pilotage.database import psycopg_connection

    names = {axe: f'"{schema(axe, generation)}"' for axe in ("commun", *AXES)}
    with psycopg_connection() as connection:
        try:
            return _read_all(connection, names)
        except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
            reason = str(error).splitlines()[0]
            raise ErreurRecommandation(
                f"lecture des marts impossible ({reason})", conseil="construire les cinq axes avant la synthèse"
            ) from error


def _read_all(connection: Connection, names: dict[str, str]) -> Marts:
    def read(query: str) -> pl.DataFrame:
        return fetch(connection, query.format(**names))

    territoires, indicateurs = read(TERRITOIRES), read(INDICATEURS)
    territory = "cle_territoire", "territoire", territoires["cle_territoire"]
    indicator = "code_indicateur", "indicateur", indicateurs["code_indicateur"]
    return Marts(
        territoires,
        indicateurs,
        read(ACTIONS),
        _number(_read_measures(connection, names), *indicator).sort(
            "indicateur", "date_donnees", "millesime", "territoire"
        ),
        read(COMMUNES),
        _unpack(connection.execute(PONT.format(**names), binary=True).fetchone(), ("commune", "territoire")),
        _number(read(PRIORITES), *territory),
        _number(_number(read(OBJECTIFS), *territory), *indicator),
    )


def fetch(connection: Connection, query: str) -> pl.DataFrame:
    """Result of a query; numerics become floats, an all-empty column keeps its declared type."""
    result = connection.execute(query)
    names = [column.name for column in result.description]
    types = {name: TYPES[name] for name in names if name in TYPES}
    return pl.DataFrame(result.fetchall(), schema=names, schema_overrides=types, orient="row", infer_schema_length=None)


def _read_measures(connection: Connection, names: dict[str, str]) -> pl.DataFrame:
    parts = []
    for axe in AXES:
        if not _exists(connection, names[axe], f"indicateurs_{axe}"):
            continue
        query = MESURES.replace("{table}", f"{names[axe]}.indicateurs_{axe}").format(**names)
        for code, vintage, day, *packed in connection.execute(query, binary=True):
            part = _unpack(packed, ("territoire", "valeur", "couverture_population_pct"))
            parts.append(
                part.with_columns(code_indicateur=pl.lit(code), millesime=pl.lit(vintage), date_donnees=pl.lit(day))
            )
    if not parts:
        raise ErreurRecommandation("aucun indicateur à comparer", conseil="construire les cinq axes avant la synthèse")
    return pl.concat(parts)


def _unpack(packed: Sequence[bytes | None], names: tuple[str, ...]) -> pl.DataFrame:
    """Columns from PostgreSQL's big-endian bytes: four a row for the numbers of rows, eight for the values."""
    kinds = {"commune": ">i4", "territoire": ">i4"}
    columns = {
        name: np.frombuffer(block or b"", dtype=kinds.get(name, ">f8"))
        for name, block in zip(names, packed, strict=True)
    }
    return pl.DataFrame({name: values.astype(values.dtype.newbyteorder("=")) for name, values in columns.items()})


def _number(frame: pl.DataFrame, old: str, new: str, keys: pl.Series) -> pl.DataFrame:
    """Replace a text key by its row number in a dimension; a row whose key is unknown there goes."""
    numbers = pl.DataFrame({old: keys, new: np.arange(len(keys), dtype=np.int32)})
    return frame.join(numbers, on=old, how="inner").drop(old)


def _exists(connection: Connection, place: str, table: str) -> bool:
    return connection.execute("SELECT to_regclass(%s)", [f"{place}.{table}"]).fetchone()[0] is not None
