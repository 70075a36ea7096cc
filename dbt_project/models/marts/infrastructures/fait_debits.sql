-- Grain : une ligne par commune actuelle et millésime. Classes « au moins », quelle que soit la forme livrée.
{{ config(post_hook="{{ contraintes(['code_commune', 'millesime'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
{% set classes = ['elig_thd1g', 'elig_thd100', 'elig_thd30', 'elig_hd8', 'elig_hd3', 'elig_hd05'] %}
{% set noms = ['locaux_1g_et_plus', 'locaux_100_et_plus', 'locaux_30_et_plus', 'locaux_8_et_plus', 'locaux_3_et_plus', 'locaux_05_et_plus'] %}
WITH livres AS MATERIALIZED ({{ communes_actuelles(ref('stg_arcep__debits'), 'arcep__debits') }}),

formes AS (
    -- Exclusive classes (2019) add up to the total on every row; cumulative ones (2026) do not.
    SELECT millesime, BOOL_AND(inel_hd + {{ classes | join(' + ') }} = locaux) AS est_exclusif
    FROM {{ ref('stg_arcep__debits') }}
    GROUP BY millesime
),

cumules AS (
    SELECT
        livres.code_actuel,
        livres.millesime,
        livres.date_donnees,
        livres.part,
        livres.part * population.population_municipale AS poids,
        -- No commune is without premises: the beta's zero says that nothing was counted there.
        livres.locaux > 0 AS est_observe,
        livres.locaux,
        livres.inel_hd,
        {% for nom in noms %}
        CASE WHEN formes.est_exclusif THEN {{ classes[:loop.index] | join(' + ') }} ELSE {{ classes[loop.index0] }} END AS {{ nom }},
        {% endfor %}
        formes.est_exclusif
    FROM livres
    INNER JOIN formes ON formes.millesime = livres.millesime
    LEFT JOIN {{ ref('int_populations_epoque') }} AS population
        ON population.date_reference = livres.geographie AND population.code_commune = livres.code_commune
)

SELECT
    cumules.code_actuel AS code_commune,
    MAX(territoire.cle_territoire) AS cle_territoire,
    cumules.millesime,
    MAX(cumules.date_donnees) AS date_donnees,
    SUM(part * locaux) FILTER (WHERE est_observe) AS locaux,
    SUM(part * inel_hd) FILTER (WHERE est_observe) AS locaux_inel_hd,
    {% for nom in noms %}
    SUM(part * {{ nom }}) FILTER (WHERE est_observe) AS {{ nom }},
    {% endfor %}
    CASE
        WHEN NOT BOOL_OR(est_observe) THEN 0
        ELSE COALESCE(SUM(poids) FILTER (WHERE est_observe) / NULLIF(SUM(poids), 0), 1)
    END AS part_observee,
    BOOL_AND(est_exclusif) AS est_livre_en_classes_exclusives
FROM cumules
LEFT JOIN {{ ref('dim_territoires') }} AS territoire ON territoire.cle_territoire = 'commune:' || cumules.code_actuel
GROUP BY cumules.code_actuel, cumules.millesime
