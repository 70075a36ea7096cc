-- Grain : une ligne par commune actuelle et territoire qui la contient, elle-même comprise.
-- The one bridge to every level. A commune may stand in two CRTE, in any number of territories
-- of one's own (`apports/territoires`), in one territory of each other level at most.
{{ config(post_hook="{{ contraintes(['code_commune', 'cle_territoire']) }}") }}
WITH appartenances AS (
    SELECT c.code_commune, t.niveau, t.code_territoire
    FROM {{ ref('dim_communes') }} AS c
    CROSS JOIN LATERAL (VALUES
        ('commune', c.code_commune),
        ('epci', c.siren_epci),
        ('bassin_vie', c.code_bassin_vie),
        ('departement', c.code_departement),
        ('region', c.code_region),
        ('france', 'FR')
    ) AS t (niveau, code_territoire)
    WHERE c.est_actuelle AND t.code_territoire IS NOT NULL
    UNION ALL
    SELECT code_commune, 'crte', code_crte FROM {{ ref('int_crte_communes') }}
    UNION ALL
    SELECT code_commune, 'territoire', code_territoire FROM {{ ref('int_territoires_locaux') }}
)

SELECT
    code_commune,
    niveau || ':' || code_territoire AS cle_territoire,
    niveau,
    code_territoire
FROM appartenances
