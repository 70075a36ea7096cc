-- Grain : une ligne par département et par millésime.
SELECT
    _millesime AS millesime,
    {{ code_departement('code') }} AS code_departement,
    {{ texte('nom') }} AS nom_departement,
    geometry AS geometrie
FROM {{ source('raw', 'ign__contours_departements') }}
