-- Grain : une ligne par commune (Paris, Lyon, Marseille et leurs arrondissements) et par millésime de revenus.
SELECT
    _millesime AS millesime,
    {{ code_commune('codgeo') }} AS code_commune,
    {{ entier('nbmenfisc') }} AS menages_fiscaux,
    {{ decimal('med') }} AS revenu_median_eur,
    {{ decimal('tp60') }} AS taux_pauvrete_pct,
    {{ est_secret('med') }} AS est_secret_revenu,
    {{ est_secret('tp60') }} AS est_secret_pauvrete
FROM {{ source('raw', 'insee__filosofi') }}
