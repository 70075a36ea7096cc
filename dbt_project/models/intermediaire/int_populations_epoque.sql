-- Grain : une ligne par géographie de référence et code de commune ou d'arrondissement de cette date.
-- Population of the codes that a source used then: the weight of each when they are merged today.
WITH geographies AS (
    SELECT DISTINCT geographie
    FROM {{ ref('fiches_millesimes') }}
    WHERE source IN (
        'arcep__debits', 'mednum__fragilite_numerique', 'insee__appartenance_geographique', 'dgcl__zones_revitalisation_rurale',
        'derive__age_diplome_communes', 'francetravail__demandeurs_emploi', 'economie__fermeture_cuivre'
    )
)

SELECT DISTINCT ON (geographies.geographie, populations.code_commune)
    geographies.geographie AS date_reference,
    populations.code_commune,
    populations.population_municipale
FROM geographies
CROSS JOIN {{ ref('int_populations') }} AS populations
WHERE populations.source = 'insee__populations' AND populations.population_municipale IS NOT NULL
ORDER BY geographies.geographie, populations.code_commune, ABS(geographies.geographie - populations.geographie), populations.geographie
