-- Grain : une ligne par commune et par période où son nom, son département, sa région et son contour sont restés les mêmes.
-- Seen in the COG vintages; the day of a change is that of the movement between two vintages, else the vintage's own.
WITH millesimes AS (
    SELECT
        millesime,
        geographie,
        ROW_NUMBER() OVER (ORDER BY geographie) AS rang,
        LAG(geographie) OVER (ORDER BY geographie) AS geographie_avant,
        LEAD(geographie) OVER (ORDER BY geographie) AS geographie_apres
    FROM {{ ref('fiches_millesimes') }}
    WHERE source = 'insee__communes' AND millesime IN (SELECT millesime FROM {{ ref('stg_insee__communes') }})
),

fil AS (
    -- Views and movements of a code on one thread: no join, whatever the planner believes of their numbers.
    SELECT c.code_commune, m.geographie AS jour, CAST(NULL AS date) AS jour_mouvement, c.nom_commune, c.code_departement, c.code_region, m.rang
    FROM {{ ref('stg_insee__communes') }} AS c
    INNER JOIN millesimes AS m USING (millesime)
    WHERE c.nature = 'COM'
    UNION ALL
    SELECT DISTINCT v.code_commune, m.date_effet, m.date_effet, NULL, NULL, NULL, CAST(NULL AS bigint)
    FROM {{ ref('stg_insee__mouvements_communes') }} AS m
    CROSS JOIN LATERAL (VALUES (m.code_avant), (m.code_apres)) AS v (code_commune)
    WHERE m.nature_avant = 'COM' AND m.nature_apres = 'COM' AND m.date_effet <= (SELECT MAX(geographie) FROM millesimes)
),

dates AS (
    SELECT
        *,
        MAX(jour_mouvement) OVER (PARTITION BY code_commune ORDER BY jour) AS dernier_mouvement,
        MIN(jour_mouvement) OVER (
            PARTITION BY code_commune ORDER BY jour RANGE BETWEEN '1 day' FOLLOWING AND UNBOUNDED FOLLOWING
        ) AS prochain_mouvement
    FROM fil
),

vues AS (
    SELECT
        dates.*,
        LAG(rang) OVER commune = rang - 1
        AND (LAG(nom_commune) OVER commune, LAG(code_departement) OVER commune, LAG(code_region) OVER commune)
            = (nom_commune, code_departement, code_region)
        AND LAG(dernier_mouvement) OVER commune IS NOT DISTINCT FROM dernier_mouvement AS est_suite
    FROM dates
    WHERE rang IS NOT NULL
    WINDOW commune AS (PARTITION BY code_commune ORDER BY rang)
),

numerotees AS (
    SELECT
        vues.*,
        COUNT(*) FILTER (WHERE est_suite IS NOT TRUE) OVER (PARTITION BY code_commune ORDER BY rang) AS periode
    FROM vues
),

periodes AS (
    SELECT
        n.code_commune, n.periode, n.nom_commune, n.code_departement, n.code_region,
        MIN(n.rang) AS premier_rang,
        MAX(n.rang) AS dernier_rang,
        MIN(CASE WHEN n.dernier_mouvement > m.geographie_avant THEN n.dernier_mouvement ELSE m.geographie END) AS date_debut,
        MIN(n.prochain_mouvement) AS prochain_mouvement,
        BOOL_OR(m.geographie_apres IS NULL) AS est_ouverte,
        MAX(m.geographie_apres) AS vue_suivante
    FROM numerotees AS n
    INNER JOIN millesimes AS m USING (rang)
    GROUP BY n.code_commune, n.periode, n.nom_commune, n.code_departement, n.code_region
)

SELECT
    code_commune, nom_commune, code_departement, code_region, date_debut,
    CASE
        WHEN est_ouverte THEN NULL
        WHEN LEAD(premier_rang) OVER commune = dernier_rang + 1 THEN LEAD(date_debut) OVER commune
        ELSE COALESCE(prochain_mouvement, vue_suivante)
    END AS date_fin
FROM periodes
WINDOW commune AS (PARTITION BY code_commune ORDER BY periode)
