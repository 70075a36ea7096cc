-- Grain : une ligne par millésime et commune. Calcul d'un tiers : un nombre vide y accompagne un taux de 0,0 %.
SELECT
    _millesime AS millesime,
    {{ code_commune('code_insee') }} AS code_commune,
    {{ texte('commune') }} AS nom_commune,
    {{ entier('nb_locaux') }} AS locaux,
    {{ decimal('pct_fibre') }} AS fibre_pct,
    {{ entier('nb_locaux_fibre') }} AS locaux_fibre,
    {{ decimal('pct_cable') }} AS cable_pct,
    {{ entier('nb_locaux_cable') }} AS locaux_cable,
    {{ decimal('pct_dsl') }} AS dsl_pct,
    {{ entier('nb_locaux_dsl') }} AS locaux_dsl,
    {{ decimal('pct_thd_radio') }} AS thd_radio_pct,
    {{ entier('nb_locaux_thd_radio') }} AS locaux_thd_radio,
    {{ decimal('pct_4g_fixe') }} AS quatre_g_fixe_pct,
    {{ entier('nb_locaux_4g_fixe') }} AS locaux_4g_fixe
FROM {{ source('raw', 'arcep__fibre_communes') }}
