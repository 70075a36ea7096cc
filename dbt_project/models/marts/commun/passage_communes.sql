-- Grain : une ligne par date de référence, code de cette date (ou plus ancien) et commune actuelle où il va.
-- A code absent from here is itself. The parts of a code add up to 1; every arrival is a commune of the current COG.
{{ config(post_hook="{{ contraintes(['date_reference', 'code_ancien', 'code_commune']) }}") }}
WITH RECURSIVE suites AS (
    SELECT date_effet AS depart, code_avant AS code_ancien, code_apres AS code, part, date_suivante, 1 AS rang
    FROM {{ ref('int_mouvements') }}
    UNION ALL
    SELECT s.depart, s.code_ancien, m.code_apres, s.part * m.part, m.date_suivante, s.rang + 1
    FROM suites AS s
    INNER JOIN {{ ref('int_mouvements') }} AS m ON m.code_avant = s.code AND m.date_effet = s.date_suivante
    WHERE s.rang < 100
),

arrivees AS (
    SELECT depart, code_ancien, code AS code_commune, SUM(part) AS part
    FROM suites
    WHERE date_suivante IS NULL
    GROUP BY depart, code_ancien, code
),

dates AS (
    -- Every day on which a card counts, and every 1st of January since 2017: a file of any of these years can be carried.
    SELECT geographie AS date_reference FROM {{ ref('fiches_millesimes') }}
    UNION
    SELECT MAKE_DATE(annee, 1, 1)
    FROM GENERATE_SERIES(2017, (SELECT CAST(EXTRACT(YEAR FROM MAX(date_cog)) AS integer) FROM {{ ref('int_communes_courantes') }})) AS annee
),

departs AS (
    -- The first move after the date; for a code already gone by then, the last one before it.
    SELECT
        dates.date_reference,
        arrivees.code_ancien,
        MIN(arrivees.depart) FILTER (WHERE arrivees.depart > dates.date_reference) AS prochain,
        MAX(arrivees.depart) FILTER (WHERE arrivees.depart <= dates.date_reference) AS dernier
    FROM dates
    CROSS JOIN (SELECT DISTINCT depart, code_ancien FROM arrivees) AS arrivees
    GROUP BY dates.date_reference, arrivees.code_ancien
),

composantes AS (
    SELECT DISTINCT ON (cog.code_commune) cog.code_commune AS code_ancien, cog.code_parent AS code_commune, cog.nature
    FROM {{ ref('stg_insee__communes') }} AS cog
    WHERE cog.nature <> 'COM' AND cog.millesime = (SELECT MAX(millesime) FROM {{ ref('int_communes_courantes') }})
        AND cog.code_commune NOT IN (SELECT code_commune FROM {{ ref('int_communes_courantes') }})
    ORDER BY cog.code_commune, cog.nature
),

reunies AS (
    SELECT d.date_reference, d.code_ancien, a.code_commune, a.part, 'mouvement' AS motif, 1 AS priorite
    FROM departs AS d
    INNER JOIN arrivees AS a ON a.code_ancien = d.code_ancien AND a.depart = d.prochain
    UNION ALL
    SELECT dates.date_reference, c.code_ancien, c.code_commune, 1,
        CASE c.nature WHEN 'ARM' THEN 'arrondissement' WHEN 'COMD' THEN 'commune déléguée' ELSE 'commune associée' END, 2
    FROM dates
    CROSS JOIN composantes AS c
    UNION ALL
    SELECT d.date_reference, d.code_ancien, a.code_commune, a.part, 'ancienne commune', 3
    FROM departs AS d
    INNER JOIN arrivees AS a ON a.code_ancien = d.code_ancien AND a.depart = d.dernier
    WHERE d.code_ancien NOT IN (SELECT code_commune FROM {{ ref('int_communes_courantes') }})
),

choisies AS (
    SELECT
        *,
        MIN(priorite) OVER (PARTITION BY date_reference, code_ancien) AS premiere,
        COUNT(*) OVER (PARTITION BY date_reference, code_ancien, priorite) AS nb_parts
    FROM reunies
)

SELECT date_reference, code_ancien, code_commune, part, CASE WHEN nb_parts > 1 THEN 'scission' ELSE motif END AS motif
FROM choisies
WHERE priorite = premiere AND NOT (nb_parts = 1 AND code_ancien = code_commune)
