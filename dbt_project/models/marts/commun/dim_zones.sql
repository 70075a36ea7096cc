-- Grain : une ligne par zonage et zone où se trouve une commune actuelle.
-- Names of the codes that dim_communes carries; only living areas are a level, the others are read with the commune.
{{ config(post_hook="{{ contraintes(['zonage', 'code_zone']) }}") }}
WITH noms AS (
    SELECT zonage, code_zone, nom_zone
    FROM {{ ref('stg_insee__zones') }} AS z
    WHERE {{ dernier_millesime('z', 'stg_insee__zones') }} AND zonage <> 'arrondissement'
    UNION ALL
    SELECT 'arrondissement', code_arrondissement, nom_arrondissement
    FROM {{ ref('stg_insee__arrondissements') }} AS a
    WHERE {{ dernier_millesime('a', 'stg_insee__arrondissements') }}
),

appartenances AS (
    SELECT t.zonage, t.code_zone, c.code_commune, c.population
    FROM {{ ref('dim_communes') }} AS c
    CROSS JOIN LATERAL (VALUES
        ('bassin_vie', c.code_bassin_vie),
        ('zone_emploi', c.code_zone_emploi),
        ('unite_urbaine', c.code_unite_urbaine),
        ('aire_attraction', c.code_aire_attraction),
        ('arrondissement', c.code_arrondissement)
    ) AS t (zonage, code_zone)
    WHERE c.est_actuelle AND t.code_zone IS NOT NULL
)

SELECT
    a.zonage,
    a.code_zone,
    MAX(noms.nom_zone) AS nom_zone,
    COUNT(*) AS nb_communes,
    CAST(SUM(a.population) AS bigint) AS population
FROM appartenances AS a
LEFT JOIN noms ON noms.zonage = a.zonage AND noms.code_zone = a.code_zone
GROUP BY a.zonage, a.code_zone
