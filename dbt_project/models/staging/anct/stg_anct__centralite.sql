-- Grain : une ligne par commune et par millésime. « - undefined » : commune que le calcul amont n'a pas classée.
SELECT
    _millesime AS millesime,
    {{ code_commune('insee_com') }} AS code_commune,
    CASE WHEN niveau_centralite !~ 'undefined' THEN {{ texte('niveau_centralite') }} END AS niveau_centralite
FROM {{ source('raw', 'anct__centralite') }}
