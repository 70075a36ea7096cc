-- Grain : une ligne par établissement ou site d'établissement et par millésime ; l'amont n'a pas de clé.
SELECT
    _millesime AS millesime,
    _ligne AS rang,
    {{ texte('identifiant_de_l_etablissement') }} AS uai,
    {{ texte('nom_etablissement') }} AS nom,
    {{ texte('type_etablissement') }} AS nature,
    {{ texte('statut_public_prive') }} AS statut,
    {{ code_commune_saisi('code_commune') }} AS code_commune,
    {{ booleen('ecole_maternelle') }} AS est_maternelle,
    {{ booleen('ecole_elementaire') }} AS est_elementaire,
    {{ booleen('voie_generale') }} AS a_voie_generale,
    {{ entier('nombre_d_eleves') }} AS nb_eleves,
    {{ latitude("SPLIT_PART(TRIM(')' FROM geometry), ' ', 3)", "SUBSTRING(geometry FROM '\\(([^ ]+)')") }} AS latitude,
    {{ longitude("SPLIT_PART(TRIM(')' FROM geometry), ' ', 3)", "SUBSTRING(geometry FROM '\\(([^ ]+)')") }} AS longitude
FROM {{ source('raw', 'education__annuaire') }}
