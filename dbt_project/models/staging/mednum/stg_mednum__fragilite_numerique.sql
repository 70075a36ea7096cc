-- Grain : une ligne par millésime et commune. Les colonnes « _rate » d'amont sont des scores de 0 à 10.
SELECT
    _millesime AS millesime,
    {{ code_commune('code') }} AS code_commune,
    {{ texte('name') }} AS nom_commune,
    {{ decimal('no_thd_coverage_rate') }} AS score_thd,
    {{ decimal('no_4g_coverage_rate') }} AS score_4g,
    {{ decimal('poverty_rate') }} AS score_pauvrete,
    {{ decimal('older_65_rate') }} AS score_65_ans,
    {{ decimal('nscol15p_rate') }} AS score_diplome,
    {{ decimal('total') }} AS score_total
FROM {{ source('raw', 'mednum__fragilite_numerique') }}
