-- Grain : une ligne par lieu décrit par une source (dernier millésime de chaque liste) : le lieu réel où elle mène.
-- Descriptions with a position gather first; one without (its address alone is known) joins the place that it resembles
-- most, so that it never bridges two places. What is left gathers by itself. The first description names the place.
{{ config(post_hook="{{ contraintes(['source', 'millesime', 'id_source']) }}") }}
WITH RECURSIVE lieux AS (
    SELECT cle, source, millesime, liste, id_source FROM {{ ref('int_lieux_localises') }} WHERE est_dernier_millesime
),

liens AS MATERIALIZED (
    SELECT * FROM {{ ref('int_lieux_couples') }}
),

ancrages AS (
    SELECT DISTINCT ON (CASE WHEN est_positionne_a THEN cle_b ELSE cle_a END)
        CASE WHEN est_positionne_a THEN cle_a ELSE cle_b END AS cle_a,
        CASE WHEN est_positionne_a THEN cle_b ELSE cle_a END AS cle_b,
        methode, score
    FROM liens
    WHERE est_positionne_a <> est_positionne_b
    ORDER BY CASE WHEN est_positionne_a THEN cle_b ELSE cle_a END, score DESC, CASE WHEN est_positionne_a THEN cle_a ELSE cle_b END
),

retenus AS (
    SELECT cle_a, cle_b, methode, score FROM liens WHERE est_positionne_a AND est_positionne_b
    UNION ALL
    SELECT cle_a, cle_b, methode, score FROM ancrages
    UNION ALL
    SELECT cle_a, cle_b, methode, score
    FROM liens
    WHERE NOT est_positionne_a AND NOT est_positionne_b
        AND cle_a NOT IN (SELECT cle_b FROM ancrages) AND cle_b NOT IN (SELECT cle_b FROM ancrages)
),

aretes AS (
    SELECT cle_a AS depart, cle_b AS arrivee, methode, score FROM retenus
    UNION ALL
    SELECT cle_b, cle_a, methode, score FROM retenus
),

atteints AS (
    SELECT DISTINCT depart AS cle, depart AS atteint FROM aretes
    UNION
    SELECT atteints.cle, aretes.arrivee FROM atteints INNER JOIN aretes ON aretes.depart = atteints.atteint
),

premiers AS (
    SELECT cle, MIN(atteint) AS premier FROM atteints GROUP BY cle
),

meilleurs AS (
    SELECT DISTINCT ON (depart) depart AS cle, methode, score FROM aretes ORDER BY depart, score DESC, methode
)

SELECT
    SUBSTRING(MD5(premier.source || ':' || premier.liste || ':' || premier.id_source), 1, 12) AS id_lieu,
    lieux.source,
    lieux.millesime,
    lieux.id_source,
    COALESCE(meilleurs.score, 1.0) AS score,
    COALESCE(meilleurs.methode, 'seule description') AS methode
FROM lieux
LEFT JOIN premiers ON premiers.cle = lieux.cle
LEFT JOIN meilleurs ON meilleurs.cle = lieux.cle
INNER JOIN lieux AS premier ON premier.cle = COALESCE(premiers.premier, lieux.cle)
