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
    -- « POINT (longitude latitude) »: the gate has judged its form.
    CAST(RTRIM(SPLIT_PART(geometry, ' ', 3), ')') AS double precision) AS latitude,
    CAST(LTRIM(SPLIT_PART(geometry, ' ', 2), '(') AS double precision) AS longitude
FROM {{ source('raw', 'education__annuaire') }}
