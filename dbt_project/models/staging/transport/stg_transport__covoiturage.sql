-- Grain : une ligne par lieu de covoiturage et par millésime.
SELECT
    _millesime AS millesime,
    {{ texte('id_lieu') }} AS id_lieu_source,
    {{ texte('nom_lieu') }} AS nom,
    {{ texte('type') }} AS nature,
    {{ code_commune_saisi('insee') }} AS code_commune,
    {{ latitude('ylat', 'xlong') }} AS latitude,
    {{ longitude('ylat', 'xlong') }} AS longitude,
    {{ booleen('ouvert') }} AS est_ouvert,
    {{ entier('nbre_pl') }} AS places,
    {{ jour('date_maj') }} AS date_mise_a_jour
FROM {{ source('raw', 'transport__covoiturage') }}
