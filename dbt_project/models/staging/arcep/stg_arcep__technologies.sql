-- Grain : une ligne par commune (Paris, Lyon et Marseille entières) et millésime.
SELECT
    _millesime AS millesime,
    {{ code_commune('code_insee') }} AS code_commune,
    {{ jour('date') }} AS date_mesure,
    {{ entier('nbr') }} AS locaux,
    {{ entier('nbr_elig_8') }} AS locaux_8_et_plus,
    {{ entier('elig_ftth') }} AS locaux_fibre,
    {{ entier('elig_coax') }} AS locaux_cable,
    {{ entier('elig_cu_30') }} + {{ entier('elig_cu_8') }} AS locaux_cuivre,
    {{ entier('elig_thdr') }} + {{ entier('elig_hdr') }} AS locaux_radio,
    {{ entier('elig_4gf') }} AS locaux_4g_fixe,
    {{ entier('elig_sat') }} AS locaux_satellite
FROM {{ source('raw', 'arcep__technologies') }}
