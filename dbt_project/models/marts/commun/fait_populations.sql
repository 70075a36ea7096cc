-- Grain : une ligne par commune actuelle et millésime de population légale.
-- Its key to dim_territoires is added there, which is built from it.
-- People are whole: the rounded shares of a split add up to its population. Missing in one part: missing in the whole.
{{ config(post_hook="{{ contraintes(['code_commune', 'millesime']) }}") }}
WITH parts AS (
    SELECT
        p.millesime,
        p.code_commune AS code_livre,
        COALESCE(passage.code_commune, p.code_commune) AS code_commune,
        p.population_municipale,
        p.population_totale,
        SUM(COALESCE(passage.part, 1)) OVER (
            PARTITION BY p.millesime, p.code_commune ORDER BY passage.code_commune
        ) AS cumul
    FROM {{ ref('int_populations') }} AS p
    LEFT JOIN {{ ref('passage_communes') }} AS passage
        ON passage.date_reference = p.geographie AND passage.code_ancien = p.code_commune
    WHERE p.source = 'insee__populations'
),

entieres AS (
    SELECT
        *,
        ROUND(population_municipale * cumul) - COALESCE(LAG(ROUND(population_municipale * cumul)) OVER livree, 0) AS municipale,
        ROUND(population_totale * cumul) - COALESCE(LAG(ROUND(population_totale * cumul)) OVER livree, 0) AS totale
    FROM parts
    WINDOW livree AS (PARTITION BY millesime, code_livre ORDER BY cumul)
)

SELECT
    e.code_commune,
    'commune:' || e.code_commune AS cle_territoire,
    e.millesime,
    MAX(f.date_donnees) AS date_donnees,
    CASE WHEN COUNT(e.municipale) = COUNT(*) THEN CAST(SUM(e.municipale) AS integer) END AS population_municipale,
    CASE WHEN COUNT(e.totale) = COUNT(*) THEN CAST(SUM(e.totale) AS integer) END AS population_totale
FROM entieres AS e
INNER JOIN {{ ref('fiches_millesimes') }} AS f ON f.source = 'insee__populations' AND f.millesime = e.millesime
GROUP BY e.code_commune, e.millesime
