"""Every level computed again from the communes of all packages, as the warehouse computes it."""

from __future__ import annotations

PARTIELS = "federation.territoires_partiels"
# Communes that the packages bring, by territory; a territory whose communes are not all there is partial.
COUVERTURE = f"""
CREATE TABLE "{PARTIELS}" AS
SELECT t.cle_territoire, t.niveau, t.nom_territoire, t.nb_communes::BIGINT AS nb_communes,
    count(c.code_commune)::BIGINT AS nb_communes_connues, t.population::BIGINT AS population,
    sum(c.population)::BIGINT AS population_connue,
    CASE WHEN t.population > 0 THEN least(100.0 * coalesce(sum(c.population), 0) / t.population, 100.0) END
        AS part_connue_pct
FROM "commun.dim_territoires" AS t
LEFT JOIN "commun.pont_communes_territoires" AS p ON p.cle_territoire = t.cle_territoire
LEFT JOIN communes_actuelles AS c ON c.code_commune = p.code_commune
GROUP BY t.cle_territoire, t.niveau, t.nom_territoire, t.nb_communes, t.population
HAVING count(c.code_commune) < t.nb_communes
"""
ACTUELLES = """
CREATE TEMP TABLE communes_actuelles AS
SELECT code_commune, population::DOUBLE AS population FROM "commun.dim_communes" WHERE est_actuelle
"""
# As macro `indicateurs_des_territoires`: sums of numerators and denominators, then one division; the population
# observed is that of the communes, each for its own share. A secret commune is in no sum.
SOMMES = """
CREATE OR REPLACE TEMP TABLE sommes AS
SELECT p.cle_territoire, m.code_indicateur, m.millesime, max(m.date_donnees) AS date_donnees,
    sum(m.numerateur) AS numerateur, sum(m.denominateur) AS denominateur,
    sum(coalesce(m.couverture_population_pct, 100) / 100 * c.population) AS observee
FROM "{table}" AS m
JOIN communes_actuelles AS c ON c.code_commune = m.code_territoire
JOIN "commun.pont_communes_territoires" AS p ON p.code_commune = m.code_territoire AND p.niveau <> 'commune'
WHERE m.niveau = 'commune' AND NOT m.est_secret AND m.numerateur IS NOT NULL AND m.denominateur IS NOT NULL
GROUP BY p.cle_territoire, m.code_indicateur, m.millesime HAVING sum(m.denominateur) > 0
"""
CALCULEES = """
CREATE OR REPLACE TEMP TABLE calculees AS
SELECT s.cle_territoire, t.niveau, t.code_territoire, s.code_indicateur, s.millesime, s.date_donnees, s.numerateur,
    s.denominateur, i.facteur * s.numerateur / s.denominateur AS valeur, i.unite, i.sens,
    least(100 * s.observee / nullif(t.population, 0), 100) AS couverture_population_pct, FALSE AS est_secret, i.source
FROM sommes AS s
JOIN "commun.dim_territoires" AS t ON t.cle_territoire = s.cle_territoire
JOIN "commun.dim_indicateurs" AS i ON i.code_indicateur = s.code_indicateur
"""
EFFACEES = """
DELETE FROM "{table}" AS m USING (SELECT DISTINCT code_indicateur FROM "{table}" WHERE niveau = 'commune') AS k
WHERE m.code_indicateur = k.code_indicateur AND m.niveau <> 'commune'
"""
# A commune that several former ones make has sums, and no value yet.
COMMUNALES = """
UPDATE "{table}" AS m SET valeur = i.facteur * m.numerateur / m.denominateur FROM "commun.dim_indicateurs" AS i
WHERE i.code_indicateur = m.code_indicateur AND m.niveau = 'commune' AND m.valeur IS NULL AND NOT m.est_secret
    AND m.denominateur > 0
"""


def recompute(connection, tables: list[str]) -> None:
    """Replace, in each table of indicators, the rows above the commune of what communes measure.

    A row that communes do not give (measured by département or for the whole country) is kept as its package brought
    it. Partial territories keep an honest coverage, and are listed in `federation.territoires_partiels`.
    """
    connection.execute(ACTUELLES)
    connection.execute(COUVERTURE)
    for table in tables:
        connection.execute(SOMMES.format(table=table))
        connection.execute(CALCULEES)
        columns = [row[0] for row in connection.sql(f'DESCRIBE "{table}"').fetchall()]
        listed = ", ".join(f'"{name}"' for name in columns)
        connection.execute(EFFACEES.format(table=table))
        connection.execute(COMMUNALES.format(table=table))
        connection.execute(f'INSERT INTO "{table}" ({listed}) SELECT {listed} FROM calculees')
