-- Grain : une ligne par commune actuelle dont le contour est connu, au dernier millésime livré.
-- Communes merged since: the polygons of their parts, side by side (the lines between them stay). A commune born of a split has
-- no outline of its own in an older file, and the one it left is no longer true: neither has a row.
{{ config(post_hook="{{ contraintes(['code_commune'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
WITH livres AS (
    SELECT amont.*
    FROM ({{ communes_actuelles(ref('stg_ign__contours_communes'), 'ign__contours_communes') }}) AS amont
    WHERE {{ dernier_millesime('amont', 'stg_ign__contours_communes') }}
),

compte AS (
    SELECT code_actuel, COUNT(*) AS nb_contours_reunis
    FROM livres
    GROUP BY code_actuel
    HAVING MIN(part) = 1
),

reunis AS (
    SELECT
        livres.code_actuel,
        livres.millesime,
        livres.date_donnees,
        CAST(JSONB_BUILD_OBJECT(
            'type', 'MultiPolygon', 'coordinates', JSONB_AGG(polygone.anneaux ORDER BY livres.code_commune, polygone.rang)
        ) AS text) AS geometrie,
        compte.nb_contours_reunis,
        'contours réunis' AS methode
    FROM livres
    INNER JOIN compte ON compte.code_actuel = livres.code_actuel AND compte.nb_contours_reunis > 1
    CROSS JOIN LATERAL (SELECT CAST(livres.geometrie AS jsonb) AS contour) AS lu
    CROSS JOIN LATERAL JSONB_ARRAY_ELEMENTS(
        CASE lu.contour ->> 'type'
            WHEN 'Polygon' THEN JSONB_BUILD_ARRAY(lu.contour -> 'coordinates')
            ELSE lu.contour -> 'coordinates'
        END
    ) WITH ORDINALITY AS polygone (anneaux, rang)
    GROUP BY livres.code_actuel, livres.millesime, livres.date_donnees, compte.nb_contours_reunis
),

entiers AS (
    SELECT livres.code_actuel, livres.millesime, livres.date_donnees, livres.geometrie,
        CAST(1 AS bigint) AS nb_contours_reunis, 'contour d''origine' AS methode
    FROM livres
    INNER JOIN compte ON compte.code_actuel = livres.code_actuel AND compte.nb_contours_reunis = 1
)

SELECT
    contours.code_actuel AS code_commune,
    territoire.cle_territoire,
    contours.millesime,
    contours.date_donnees,
    contours.methode,
    contours.nb_contours_reunis,
    contours.geometrie
FROM (SELECT * FROM entiers UNION ALL SELECT * FROM reunis) AS contours
INNER JOIN {{ ref('dim_territoires') }} AS territoire
    ON territoire.niveau = 'commune' AND territoire.code_territoire = contours.code_actuel
