-- Grain : une ligne par commune actuelle et millésime. Parts de la population de 15 ans et plus (recensement, calcul d'un tiers).
-- No numerator is delivered: communes merged since are weighed by their municipal population, and the row says so.
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ contraintes(['code_commune', 'millesime'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
{% set parts = ['part_65_ans_pct', 'part_15_24_ans_pct', 'part_peu_diplomes_pct', 'part_menages_seuls_pct', 'part_familles_monoparentales_pct'] %}
WITH livres AS MATERIALIZED ({{ communes_actuelles(ref('stg_derive__age_diplome_communes'), 'derive__age_diplome_communes') }}),

peses AS (
    SELECT livres.*, livres.part * population.population_municipale AS poids
    FROM livres
    LEFT JOIN {{ ref('int_populations_epoque') }} AS population
        ON population.date_reference = livres.geographie AND population.code_commune = livres.code_commune
)

SELECT
    peses.code_actuel AS code_commune,
    territoire.cle_territoire,
    peses.millesime,
    MAX(peses.date_donnees) AS date_donnees,
    {% for nom in parts %}
    CASE
        WHEN COUNT(*) = 1 THEN MAX(peses.{{ nom }})
        ELSE SUM(peses.poids * peses.{{ nom }}) / NULLIF(SUM(peses.poids) FILTER (WHERE peses.{{ nom }} IS NOT NULL), 0)
    END AS {{ nom }},
    {% endfor %}
    SUM(peses.poids) AS population_poids,
    COUNT(*) > 1 AS est_moyenne_ponderee,
    BOOL_OR(fiche.est_derive_tiers) AS est_derive_tiers
FROM peses
INNER JOIN {{ ref('fiches') }} AS fiche ON fiche.source = 'derive__age_diplome_communes'
LEFT JOIN {{ ref('dim_territoires') }} AS territoire ON territoire.cle_territoire = 'commune:' || peses.code_actuel
GROUP BY peses.code_actuel, territoire.cle_territoire, peses.millesime
