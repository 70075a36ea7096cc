-- Grain : une ligne par point de contact de La Poste et par millésime.
SELECT
    _millesime AS millesime,
    {{ texte('identifiant_du_site') }} AS id_point,
    {{ sans_coordonnees(texte('libelle_du_site')) }} AS nom,
    {{ texte('caracteristique_du_site') }} AS type_point,
    {{ sans_coordonnees(texte('adresse')) }} AS adresse,
    {{ code_postal('code_postal') }} AS code_postal,
    {{ texte('localite') }} AS localite,
    {{ code_commune_saisi('code_insee') }} AS code_commune,
    {{ latitude('latitude', 'longitude') }} AS latitude,
    {{ longitude('latitude', 'longitude') }} AS longitude,
    {{ texte('precision_du_geocodage') }} AS precision_geocodage
FROM {{ source('raw', 'laposte__points_contact') }}
