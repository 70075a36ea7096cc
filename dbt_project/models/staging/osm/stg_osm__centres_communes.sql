-- Grain : une ligne par commune et par millésime, dans les codes du millésime.
SELECT
    _millesime AS millesime,
    {{ code_commune('insee') }} AS code_commune,
    {{ latitude('cy', 'cx') }} AS latitude,
    {{ longitude('cy', 'cx') }} AS longitude,
    {{ decimal('surf_ha') }} / 100 AS superficie_km2
FROM {{ source('raw', 'osm__centres_communes') }}
