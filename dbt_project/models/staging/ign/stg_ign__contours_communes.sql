-- Grain : une ligne par commune et par millésime.
SELECT
    _millesime AS millesime,
    {{ code_commune('code') }} AS code_commune,
    {{ texte('nom') }} AS nom_commune,
    geometry AS geometrie
FROM {{ source('raw', 'ign__contours_communes') }}
