-- Grain : une ligne par commune et par millésime.
SELECT
    _millesime AS millesime,
    {{ code_commune('insee_com') }} AS code_commune,
    {{ texte('niveau_ruralite') }} AS classe_ruralite
FROM {{ source('raw', 'anct__ruralite') }}
