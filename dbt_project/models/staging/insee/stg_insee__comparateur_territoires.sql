-- Grain : une ligne par commune (Paris, Lyon, Marseille et leurs arrondissements) et par millésime du recensement.
SELECT
    _millesime AS millesime,
    {{ code_commune('codgeo') }} AS code_commune,
    {{ decimal('pop') }} AS population,
    {{ decimal('superf') }} AS superficie_km2,
    {{ decimal('men') }} AS menages,
    {{ decimal('log') }} AS logements,
    {{ decimal('rp') }} AS residences_principales,
    {{ decimal('rsecocc') }} AS residences_secondaires,
    {{ decimal('logvac') }} AS logements_vacants,
    {{ decimal('emplt') }} AS emplois,
    {{ decimal('pop1564') }} AS population_15_64,
    {{ decimal('chom1564') }} AS chomeurs_15_64,
    {{ decimal('act1564') }} AS actifs_15_64,
    {{ decimal('ettot') }} AS etablissements
FROM {{ source('raw', 'insee__comparateur_territoires') }}
