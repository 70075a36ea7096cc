-- Grain : une ligne par millésime, quartier prioritaire et commune actuelle où il se trouve.
-- Upstream names the communes without their codes: the name is looked up in the département that the quarter's code gives,
-- then, for a quarter that reaches into the next one (QP062040), in all of France if one commune only bears it.
WITH noms AS (
    SELECT
        quartier.millesime,
        fiche.geographie,
        quartier.code_quartier,
        quartier.code_departement,
        nom.texte AS nom_commune
    FROM {{ ref('stg_insee__qpv__demographie') }} AS quartier
    INNER JOIN {{ ref('fiches_millesimes') }} AS fiche ON fiche.source = 'insee__qpv' AND fiche.millesime = quartier.millesime
    CROSS JOIN LATERAL REGEXP_SPLIT_TO_TABLE(quartier.noms_communes, '\s*,\s*') AS nom (texte)
),

cog AS (
    SELECT
        commune.code_commune,
        commune.code_departement,
        LOWER(commune.nom_commune) AS nom_commune,
        fiche.geographie,
        COUNT(*) OVER (PARTITION BY commune.millesime, LOWER(commune.nom_commune)) = 1 AS est_seule
    FROM {{ ref('stg_insee__communes') }} AS commune
    INNER JOIN {{ ref('fiches_millesimes') }} AS fiche ON fiche.source = 'insee__communes' AND fiche.millesime = commune.millesime
    WHERE commune.nature IN ('COM', 'ARM')
),

codes AS (
    -- The code in force nearest to the day of the quarters.
    SELECT DISTINCT ON (noms.millesime, noms.code_quartier, noms.nom_commune)
        noms.millesime,
        noms.geographie,
        noms.code_quartier,
        cog.code_commune
    FROM noms
    INNER JOIN cog
        ON cog.nom_commune = LOWER(noms.nom_commune) AND (cog.code_departement = noms.code_departement OR cog.est_seule)
    ORDER BY
        noms.millesime, noms.code_quartier, noms.nom_commune, cog.code_departement = noms.code_departement DESC,
        ABS(cog.geographie - noms.geographie), cog.code_commune
),

actuelles AS (
    SELECT DISTINCT
        codes.millesime,
        codes.code_quartier,
        COALESCE(passage.code_commune, codes.code_commune) AS code_commune
    FROM codes
    LEFT JOIN {{ ref('passage_communes') }} AS passage
        ON passage.date_reference = codes.geographie AND passage.code_ancien = codes.code_commune
)

SELECT
    actuelles.millesime,
    actuelles.code_quartier,
    actuelles.code_commune,
    commune.population * 1.0 / NULLIF(SUM(commune.population) OVER quartier, 0) AS part_population,
    COUNT(*) OVER quartier > 1 AS est_repartie
FROM actuelles
INNER JOIN {{ ref('dim_communes') }} AS commune ON commune.code_commune = actuelles.code_commune AND commune.est_actuelle
WINDOW quartier AS (PARTITION BY actuelles.millesime, actuelles.code_quartier)
