-- Grain : une ligne par structure habilitée Aidants Connect et par millésime.
SELECT
    _millesime AS millesime,
    {{ texte('id') }} AS id_structure,
    {{ sans_coordonnees(texte('name')) }} AS nom,
    {{ sans_coordonnees(texte('address')) }} AS adresse,
    {{ code_postal('zip_code') }} AS code_postal,
    {{ texte('city') }} AS localite,
    {{ code_commune_saisi('city_insee_code') }} AS code_commune,
    {{ siret('siret') }} AS siret,
    {{ booleen('is_active') }} AS est_active,
    {{ booleen('france_services_label') }} AS est_france_services,
    {{ entier('nombre_d_aidants') }} AS nb_aidants,
    {{ entier('nb_usagers_uniques') }} AS nb_usagers,
    {{ entier('nb_demarches') }} AS nb_demarches
FROM {{ source('raw', 'anct__aidants_connect') }}
