-- Grain : une ligne par structure d'accueil validée et par millésime ; l'amont n'a pas de clé, le rang de la ligne en tient lieu.
SELECT
    _millesime AS millesime,
    CAST(_ligne AS text) AS id_structure,
    {{ sans_coordonnees(texte('raison_sociale')) }} AS nom,
    {{ texte('type') }} AS type_structure,
    {{ siret('siret') }} AS siret,
    {{ sans_coordonnees(texte('adresse')) }} AS adresse,
    {{ code_postal('code_postal') }} AS code_postal,
    {{ texte('commune_insee') }} AS localite,
    {{ code_commune_saisi('code_commune_insee') }} AS code_commune,
    {{ entier('nombre_de_conseillers_valides_par_le_coselec') }} AS nb_conseillers,
    {{ jour('date_de_validation_en_comite_de_selection') }} AS date_validation,
    {{ booleen('france_services') }} AS est_france_services
FROM {{ source('raw', 'anct__conseillers_numeriques') }}
