-- Grain : une ligne par géographie de référence et code de commune ou d'arrondissement de cette date.
-- Population of the codes that a source used then: the weight of each when they are merged today.
WITH geographies AS (
    SELECT DISTINCT geographie
    FROM {{ ref('fiches_millesimes') }}
    WHERE source IN ('arcep__debits', 'mednum__fragilite_numerique')
),

populations AS (
    SELECT population.code_commune, population.population_municipale, fiche.geographie
    FROM {{ ref('stg_insee__populations') }} AS population
    INNER JOIN {{ ref('fiches_millesimes') }} AS fiche
        ON fiche.source = 'insee__populations' AND fiche.millesime = population.millesime
    WHERE population.population_municipale IS NOT NULL
)

SELECT DISTINCT ON (geographies.geographie, populations.code_commune)
    geographies.geographie AS date_reference,
    populations.code_commune,
    populations.population_municipale
FROM geographies
CROSS JOIN populations
ORDER BY geographies.geographie, populations.code_commune, ABS(geographies.geographie - populations.geographie), populations.geographie
