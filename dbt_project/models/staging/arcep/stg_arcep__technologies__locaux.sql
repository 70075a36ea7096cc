-- Grain : une ligne par commune et millésime.
SELECT
    _millesime AS millesime,
    {{ code_commune('code_insee') }} AS code_commune,
    {{ jour('date') }} AS date_mesure,
    {{ entier('nbr') }} AS locaux
FROM {{ source('raw', 'arcep__technologies__locaux') }}
