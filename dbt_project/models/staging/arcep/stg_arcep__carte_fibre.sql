-- Grain : une ligne par commune (arrondissement à Paris, Lyon et Marseille) et trimestre livré.
SELECT
    _millesime AS millesime,
    {{ code_commune('insee_com') }} AS code_commune,
    {{ entier('locaux') }} AS locaux,
    {{ entier('ftth') }} AS locaux_raccordables,
    {{ decimal('couv') }} AS couverture_plancher_pct,
    {{ texte('zone') }} AS zone,
    {{ texte('oi') }} AS operateurs,
    {{ decimal('ztd_2013') }} = 1 AS est_zone_tres_dense
FROM {{ source('raw', 'arcep__carte_fibre') }}
