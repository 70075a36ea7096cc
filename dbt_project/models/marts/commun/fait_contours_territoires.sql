-- Grain : une ligne par département et par région de métropole, au dernier millésime livré.
-- Simplified outlines, for maps of the whole country; the overseas départements are not in the files.
{{ config(post_hook="{{ contraintes(['cle_territoire'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
WITH contours AS (
    SELECT 'ign__contours_departements' AS source, millesime, 'departement' AS niveau, code_departement AS code_territoire, geometrie
    FROM {{ ref('stg_ign__contours_departements') }} AS d
    WHERE {{ dernier_millesime('d', 'stg_ign__contours_departements') }}
    UNION ALL
    SELECT 'ign__contours_regions', millesime, 'region', code_region, geometrie
    FROM {{ ref('stg_ign__contours_regions') }} AS r
    WHERE {{ dernier_millesime('r', 'stg_ign__contours_regions') }}
)

SELECT
    t.cle_territoire,
    contours.niveau,
    contours.code_territoire,
    contours.millesime,
    fiche.date_donnees,
    contours.geometrie
FROM contours
INNER JOIN {{ ref('dim_territoires') }} AS t ON t.niveau = contours.niveau AND t.code_territoire = contours.code_territoire
INNER JOIN {{ ref('fiches_millesimes') }} AS fiche ON fiche.source = contours.source AND fiche.millesime = contours.millesime
