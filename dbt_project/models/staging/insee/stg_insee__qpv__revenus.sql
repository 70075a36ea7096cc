-- Grain : une ligne par quartier prioritaire et millésime.
SELECT
    _millesime AS millesime,
    {{ texte('codgeo') }} AS code_quartier,
    {{ decimal('disp_q2') }} AS revenu_median_eur,
    {{ decimal('tp60') }} AS taux_pauvrete_pct,
    {{ decimal('ppsoc') }} AS prestations_sociales_pct,
    {{ entier('a') }} AS allocataires_caf,
    {{ entier('arsas') }} AS allocataires_rsa
FROM {{ source('raw', 'insee__qpv__revenus') }}
