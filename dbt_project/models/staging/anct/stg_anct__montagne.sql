-- Grain : une ligne par commune de montagne et par millésime ; les autres communes n'ont pas de ligne.
SELECT
    _millesime AS millesime,
    {{ code_commune('insee_com') }} AS code_commune,
    {{ texte("REGEXP_REPLACE(niveau_montagne, '^[^-]*-', '')") }} AS massif
FROM {{ source('raw', 'anct__montagne') }}
