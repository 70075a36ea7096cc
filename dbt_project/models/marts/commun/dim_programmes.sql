-- Grain : une ligne par programme.
-- depends_on: {{ ref('dim_sources') }}
{{ config(post_hook="{{ contraintes(['code_programme'], {'source': ['dim_sources', 'source']}) }}") }}
WITH derniers AS (
    SELECT code_programme, MAX(millesime) AS millesime FROM {{ ref('fait_programmes') }} GROUP BY code_programme
),

comptes AS (
    SELECT
        fait.code_programme,
        COUNT(DISTINCT territoire.id) AS nb_territoires,
        COUNT(DISTINCT fait.code_commune) AS nb_communes
    FROM {{ ref('fait_programmes') }} AS fait
    INNER JOIN derniers ON derniers.code_programme = fait.code_programme AND derniers.millesime = fait.millesime
    CROSS JOIN LATERAL REGEXP_SPLIT_TO_TABLE(fait.ids_territoires, ' ') AS territoire (id)
    GROUP BY fait.code_programme
)

SELECT
    programme.code_programme,
    programme.libelle,
    programme.description,
    programme.maille,
    programme.source,
    comptes.nb_territoires,
    comptes.nb_communes
FROM {{ ref('programmes') }} AS programme
LEFT JOIN comptes ON comptes.code_programme = programme.code_programme
