-- Grain : une ligne par établissement et par activité de soins ou équipement social ; l'amont n'a pas de clé.
SELECT
    _millesime AS millesime,
    _ligne AS rang,
    {{ texte('numero_finess_etablissement') }} AS finess,
    {{ texte('nofinessej_1') }} AS finess_juridique,
    {{ texte('raison_sociale') }} AS nom,
    {{ texte('categetab') }} AS code_categorie,
    {{ texte('categorie') }} AS categorie,
    {{ texte('type_d_etablissements') }} AS famille,
    {{ texte('libelle_activite') }} AS activite_soins,
    {{ texte('libelle_description_equipement_sociaux') }} AS equipement_social,
    {{ code_commune_saisi('code_insee') }} AS code_commune,
    {{ latitude('latitude', 'longitude') }} AS latitude,
    {{ longitude('latitude', 'longitude') }} AS longitude
FROM {{ source('raw', 'drees__finess') }}
