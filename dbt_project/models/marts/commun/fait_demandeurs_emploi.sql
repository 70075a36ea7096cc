-- Grain : une ligne par commune actuelle et millésime, pour les seules communes diffusées (plus de 5 000 habitants environ).
-- A commune absent from the file is unknown, never zero. Paris, Lyon and Marseille are given whole: their parts are left out.
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ contraintes(['code_commune', 'millesime'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
{% set mesures = ['demandeurs_abcde', 'demandeurs_abc', 'demandeurs_a', 'demandeurs_moins_25_ans', 'demandeurs_plus_50_ans',
    'demandeurs_sous_cap_bep', 'demandeurs_un_an_et_plus', 'demandeurs_rsa'] %}
WITH livres AS MATERIALIZED ({{ communes_actuelles(ref('stg_francetravail__demandeurs_emploi'), 'francetravail__demandeurs_emploi') }}),

arrondissements AS (SELECT code_commune FROM {{ ref('stg_insee__communes') }} WHERE nature = 'ARM'),

observees AS (
    SELECT livres.*, livres.part * population.population_municipale AS poids
    FROM livres
    LEFT JOIN {{ ref('int_populations_epoque') }} AS population
        ON population.date_reference = livres.geographie AND population.code_commune = livres.code_commune
    WHERE livres.code_commune NOT IN (SELECT code_commune FROM arrondissements)
),

entieres AS (
    -- All the people of then of a commune of today: some of those merged since may be too small to be published.
    SELECT
        population.date_reference,
        COALESCE(passage.code_commune, population.code_commune) AS code_commune,
        SUM(population.population_municipale * COALESCE(passage.part, 1)) AS poids
    FROM {{ ref('int_populations_epoque') }} AS population
    LEFT JOIN {{ ref('passage_communes') }} AS passage
        ON passage.date_reference = population.date_reference AND passage.code_ancien = population.code_commune
    WHERE population.date_reference IN (SELECT geographie FROM observees)
    GROUP BY population.date_reference, COALESCE(passage.code_commune, population.code_commune)
)

SELECT
    observees.code_actuel AS code_commune,
    territoire.cle_territoire,
    observees.millesime,
    MAX(observees.date_donnees) AS date_donnees,
    {% for mesure in mesures %}
    CASE WHEN COUNT(observees.{{ mesure }}) = COUNT(*) THEN SUM(observees.{{ mesure }} * observees.part) END AS {{ mesure }},
    {% endfor %}
    -- Paris, Lyon and Marseille have no population of their own in the lists: theirs is that of their parts, all of it.
    COALESCE(LEAST(SUM(observees.poids) / NULLIF(MAX(entieres.poids), 0), 1), 1) AS part_observee
FROM observees
LEFT JOIN entieres ON entieres.date_reference = observees.geographie AND entieres.code_commune = observees.code_actuel
LEFT JOIN {{ ref('dim_territoires') }} AS territoire ON territoire.cle_territoire = 'commune:' || observees.code_actuel
GROUP BY observees.code_actuel, territoire.cle_territoire, observees.millesime
