-- Grain : une ligne par opérateur et site, par trimestre livré.
SELECT
    _millesime AS millesime,
    {{ texte('code_op') }} AS code_operateur,
    {{ texte('nom_op') }} AS operateur,
    {{ texte('num_site') }} AS numero_site,
    {{ texte('id_site_partage') }} AS id_site_partage,
    {{ texte('id_station_anfr') }} AS id_station_anfr,
    {{ latitude('latitude', 'longitude') }} AS latitude,
    {{ longitude('latitude', 'longitude') }} AS longitude,
    {{ code_commune('insee_com') }} AS code_commune,
    {{ booleen('site_2g') }} AS a_2g,
    {{ booleen('site_3g') }} AS a_3g,
    {{ booleen('site_4g') }} AS a_4g,
    {{ booleen('site_5g') }} AS a_5g,
    {{ booleen('site_zb') }} AS est_zone_blanche,
    {{ booleen('site_dcc') }} AS est_couverture_ciblee,
    {{ jour('date_ouverturecommerciale_5g') }} AS date_ouverture_5g
FROM {{ source('raw', 'arcep__sites_metropole') }}
