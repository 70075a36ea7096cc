-- Grain : une ligne par commune et par millésime.
SELECT
    _millesime AS millesime,
    {{ code_commune('insee') }} AS code_commune,
    {{ booleen('zrr') }} AS est_zrr
FROM {{ source('raw', 'dgcl__zones_revitalisation_rurale') }}
