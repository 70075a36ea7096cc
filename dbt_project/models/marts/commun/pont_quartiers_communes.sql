-- Grain : une ligne par quartier prioritaire, millésime et commune actuelle.
-- The people of a quarter that spans several communes are shared by the population of these: an estimate, marked.
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ contraintes(['code_quartier', 'millesime', 'code_commune'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
SELECT
    lien.code_quartier,
    lien.millesime,
    lien.code_commune,
    'commune:' || lien.code_commune AS cle_territoire,
    lien.part_population,
    quartier.population * lien.part_population AS population,
    lien.est_repartie
FROM {{ ref('int_quartiers_communes') }} AS lien
INNER JOIN {{ ref('stg_insee__qpv__demographie') }} AS quartier
    ON quartier.millesime = lien.millesime AND quartier.code_quartier = lien.code_quartier
