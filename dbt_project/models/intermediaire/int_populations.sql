-- Grain : une ligne par source, millésime et code de commune ou d'arrondissement, dans les codes du millésime.
-- Both lists of legal populations, typed once; four models read them.
SELECT
    'insee__populations' AS source,
    p.millesime,
    f.geographie,
    p.code_commune,
    p.population_municipale,
    p.population_totale
FROM {{ ref('stg_insee__populations') }} AS p
INNER JOIN {{ ref('fiches_millesimes') }} AS f ON f.source = 'insee__populations' AND f.millesime = p.millesime
UNION ALL
SELECT
    'dgcl__intercommunalites' AS source,
    p.millesime,
    f.geographie,
    p.code_commune,
    p.population_municipale,
    NULL AS population_totale
FROM {{ ref('stg_dgcl__intercommunalites') }} AS p
INNER JOIN {{ ref('fiches_millesimes') }} AS f ON f.source = 'dgcl__intercommunalites' AND f.millesime = p.millesime
