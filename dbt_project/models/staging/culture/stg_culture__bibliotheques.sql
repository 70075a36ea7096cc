-- Grain : une ligne par adresse de bibliothèque publique et par millésime.
SELECT
    _millesime AS millesime,
    REGEXP_REPLACE({{ texte('code_bib') }}, '\.0$', '') AS id_bibliotheque,
    {{ sans_coordonnees("CONCAT_WS(' ', " ~ texte('libelle1') ~ ", " ~ texte('libelle2') ~ ")") }} AS nom,
    {{ sans_coordonnees(texte('voie')) }} AS adresse,
    {{ code_postal('cp') }} AS code_postal,
    {{ texte('ville') }} AS localite,
    {{ code_commune_saisi('insee') }} AS code_commune,
    {{ latitude("SPLIT_PART(coordonnees_finales, ',', 1)", "SPLIT_PART(coordonnees_finales, ',', 2)") }} AS latitude,
    {{ longitude("SPLIT_PART(coordonnees_finales, ',', 1)", "SPLIT_PART(coordonnees_finales, ',', 2)") }} AS longitude,
    {{ texte('statut') }} AS statut,
    {{ texte('type_adresse') }} AS type_adresse,
    {{ decimal('surface') }} AS surface_m2,
    {{ decimal('amplitude_horaire') }} AS heures_ouverture_semaine
FROM {{ source('raw', 'culture__bibliotheques') }}
