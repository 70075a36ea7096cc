-- Grain : une ligne par commune et par millésime, dans les codes du millésime.
SELECT
    _millesime AS millesime,
    {{ code_commune('codgeo') }} AS code_commune,
    {{ entier('dens') }} AS niveau_densite,
    {{ texte('libdens') }} AS libelle_densite,
    {{ entier('pmun') }} AS population_municipale
FROM {{ source('raw', 'insee__densite') }}
