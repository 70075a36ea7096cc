-- Grain : une ligne par région et par millésime.
SELECT
    _millesime AS millesime,
    {{ code_region('code') }} AS code_region,
    {{ texte('nom') }} AS nom_region,
    geometry AS geometrie
FROM {{ source('raw', 'ign__contours_regions') }}
