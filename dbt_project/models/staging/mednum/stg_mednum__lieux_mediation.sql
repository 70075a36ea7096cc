-- Grain : une ligne par lieu et par liste livrée (un fichier par producteur local), par millésime.
-- Trois dialectes de listes de valeurs : « ; », « | » et « , » deviennent « | ».
SELECT
    l._millesime AS millesime,
    d.fichier AS liste,
    {{ texte('l.id') }} AS id_lieu_source,
    {{ sans_coordonnees(texte('l.nom')) }} AS nom,
    {{ sans_coordonnees(texte('l.adresse')) }} AS adresse,
    {{ code_postal('l.code_postal') }} AS code_postal,
    {{ texte('l.commune') }} AS localite,
    {{ code_commune_saisi('l.code_insee') }} AS code_commune,
    {{ siret('l.pivot') }} AS siret,
    {{ latitude('l.latitude', 'l.longitude') }} AS latitude,
    {{ longitude('l.latitude', 'l.longitude') }} AS longitude,
    REGEXP_REPLACE({{ texte('l.services') }}, '\s*[;|,]\s*', '|', 'g') AS services,
    REGEXP_REPLACE({{ texte('l.labels_nationaux') }}, '\s*[;|,]\s*', '|', 'g') AS labels_nationaux,
    {{ texte('l.typologie') }} AS typologie,
    {{ jour('l.date_maj') }} AS date_mise_a_jour
FROM {{ source('raw', 'mednum__lieux_mediation') }} AS l
LEFT JOIN {{ source('pilotage', 'livraisons') }} AS d ON d.livraison = l._livraison
