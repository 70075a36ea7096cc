-- Grain : une ligne par commune actuelle et millésime de l'indice de fragilité numérique.
-- Both axes read these scores: usages for the index, infrastructures for its 4G part. Sums go by code: same rows, same bytes.
{% set scores = ['score_thd', 'score_4g', 'score_pauvrete', 'score_65_ans', 'score_diplome', 'score_total'] %}
WITH livres AS MATERIALIZED ({{ communes_actuelles(ref('stg_mednum__fragilite_numerique'), 'mednum__fragilite_numerique') }}),

peses AS (
    SELECT
        livres.*,
        livres.part * population.population_municipale AS poids,
        -- The six villages destroyed in 1916 stand at 0 everywhere: nobody lives there, nothing was measured.
        COALESCE(GREATEST({% for score in scores %}livres.{{ score }}{{ ', ' if not loop.last }}{% endfor %}), 0) > 0 AS est_observe
    FROM livres
    LEFT JOIN {{ ref('int_populations_epoque') }} AS population
        ON population.date_reference = livres.geographie AND population.code_commune = livres.code_commune
)

SELECT
    code_actuel AS code_commune,
    millesime,
    MAX(date_donnees) AS date_donnees,
    {% for score in scores %}
    COALESCE(
        SUM({{ score }} * poids ORDER BY code_commune) FILTER (WHERE est_observe)
        / NULLIF(SUM(poids ORDER BY code_commune) FILTER (WHERE est_observe AND {{ score }} IS NOT NULL), 0),
        AVG({{ score }} ORDER BY code_commune) FILTER (WHERE est_observe AND poids IS NULL)
    ) AS {{ score }},
    {% endfor %}
    CASE
        WHEN NOT BOOL_OR(est_observe) THEN 0
        ELSE COALESCE(SUM(poids ORDER BY code_commune) FILTER (WHERE est_observe) / NULLIF(SUM(poids ORDER BY code_commune), 0), 1)
    END AS part_observee,
    COUNT(*) FILTER (WHERE est_observe) AS nb_codes_reunis
FROM peses
GROUP BY code_actuel, millesime
