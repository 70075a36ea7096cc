-- Grain : une ligne par maison de services au public et par millésime ; l'adresse cherchée tient lieu d'identifiant.
-- The position is the door's only where the geocoder gives a number; that of a street or of a town is left out.
WITH cherchees AS (
    SELECT
        *,
        {{ texte('locatin') }} AS recherche,
        REGEXP_MATCH({{ texte('locatin') }}, '^(.*?)[, ]*, ([0-9]{4,5}) ([^,]+), France$') AS parties,
        SPLIT_PART(SPLIT_PART(geometry, '(', 2), ' ', 1) AS x,
        REPLACE(SPLIT_PART(SPLIT_PART(geometry, '(', 2), ' ', 2), ')', '') AS y
    FROM {{ source('raw', 'cget__maisons_services_public') }}
)

SELECT
    _millesime AS millesime,
    SUBSTRING(MD5(recherche) FROM 1 FOR 12) AS id_maison,
    'Maison de services au public' AS nom,
    {{ sans_coordonnees(texte('parties[1]')) }} AS adresse,
    {{ code_postal('parties[2]') }} AS code_postal,
    {{ texte('parties[3]') }} AS localite,
    CASE WHEN {{ texte('hosnmbr') }} IS NOT NULL THEN {{ latitude('y', 'x') }} END AS latitude,
    CASE WHEN {{ texte('hosnmbr') }} IS NOT NULL THEN {{ longitude('y', 'x') }} END AS longitude,
    {{ texte('hosnmbr') }} IS NOT NULL AS est_porte_trouvee
FROM cherchees
