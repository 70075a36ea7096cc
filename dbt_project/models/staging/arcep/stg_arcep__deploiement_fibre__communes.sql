-- Grain : une ligne par millésime et commune.
SELECT
    _millesime AS millesime,
    {{ code_commune('code_commune') }} AS code_commune,
    {{ texte('nom_commune') }} AS nom_commune,
    {{ entier_tiret_nul('logements') }} AS logements,
    {{ entier_tiret_nul('etablissements') }} AS etablissements,
    {{ drapeau_tiret('zones_tres_denses') }} AS est_zone_tres_dense,
    {{ drapeau_tiret('engagements_l_33_13') }} AS est_zone_engagee,
    {{ drapeau_tiret('commune_rurale') }} AS est_rurale,
    {{ drapeau_tiret('commune_de_montagne') }} AS est_montagne,
    {{ texte('oi') }} AS operateurs_infrastructure
FROM {{ source('raw', 'arcep__deploiement_fibre__communes') }}
