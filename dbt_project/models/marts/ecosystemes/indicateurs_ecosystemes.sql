-- Grain : une ligne par territoire, indicateur et millésime.
-- depends_on: {{ ref('dim_indicateurs') }}
{{ config(pre_hook="SET LOCAL work_mem = '192MB'", post_hook="{{ cles_indicateurs() }}") }}
WITH portes AS (
    SELECT id_lieu, code_commune, millesime, date_donnees, COUNT(*) AS nb_natures, BOOL_OR(services IS NOT NULL) AS est_offre_connue
    FROM {{ ref('fait_acteurs') }}
    WHERE code_commune IS NOT NULL
    GROUP BY id_lieu, code_commune, millesime, date_donnees
),

parts AS (
    SELECT code_commune, 'acteurs_partages' AS code_indicateur, millesime, date_donnees, nb_natures >= 2 AS compte FROM portes
    UNION ALL
    SELECT code_commune, 'acteurs_offre_connue', millesime, date_donnees, est_offre_connue FROM portes
    UNION ALL
    SELECT code_commune, 'lieux_en_reseau', millesime, date_donnees, nb_reseaux >= 1 FROM {{ ref('fait_lieux_ecosysteme') }} WHERE est_mediation
    UNION ALL
    SELECT code_commune, 'lieux_plusieurs_reseaux', millesime, date_donnees, nb_reseaux >= 2 FROM {{ ref('fait_lieux_ecosysteme') }} WHERE nb_reseaux >= 1
    UNION ALL
    SELECT code_commune, 'lieux_isoles', millesime, date_donnees, est_isole FROM {{ ref('fait_lieux_ecosysteme') }}
),

mesures AS (
    {{ mesures_par_habitant('fait_acteurs', {'acteurs_lieux': 'COUNT(DISTINCT id_lieu)'}) }}
    UNION ALL
    {{ mesures_par_habitant('fait_tiers_lieux', {'tiers_lieux': 'COUNT(*)'}) }}
    UNION ALL
    {{ mesures_rapport('fait_acces_tiers_lieux', {'tiers_lieux_30_min': 'population * est_au_dela_30_min::integer'}, 'population') }}
    UNION ALL
    -- A share of places: only where there are some.
    SELECT code_commune, code_indicateur, millesime, date_donnees, COUNT(*) FILTER (WHERE compte), COUNT(*), 1
    FROM parts
    WHERE code_commune IS NOT NULL
    GROUP BY code_commune, code_indicateur, millesime, date_donnees
    UNION ALL
    SELECT code_commune, code_indicateur, millesime, date_donnees, numerateur, denominateur, part_observee
    FROM {{ ref('int_mesures_apports') }}
    WHERE code_indicateur = 'colleges_representes'
)

{{ indicateurs_des_territoires('mesures') }}
