-- Grain : une ligne par commune actuelle et millésime de revenus (Filosofi).
-- A median cannot be added: it is kept only where the commune of then is the commune of today, whole. Households add up.
-- Paris, Lyon and Marseille are given whole and by arrondissement: the whole is kept.
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ contraintes(['code_commune', 'millesime'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
WITH livres AS ({{ communes_actuelles(ref('stg_insee__filosofi'), 'insee__filosofi') }}),

arrondissements AS (
    SELECT code_commune FROM {{ ref('stg_insee__communes') }} WHERE nature = 'ARM'
),

reunis AS (
    SELECT
        code_actuel,
        millesime,
        MAX(date_donnees) AS date_donnees,
        COUNT(*) = 1 AND MIN(part) = 1 AS est_entiere,
        CASE WHEN COUNT(menages_fiscaux) = COUNT(*) AND MIN(part) = 1 THEN SUM(menages_fiscaux) END AS menages_fiscaux,
        MIN(revenu_median_eur) AS revenu_median_eur,
        MIN(taux_pauvrete_pct) AS taux_pauvrete_pct,
        BOOL_OR(est_secret_revenu) AS est_secret_revenu,
        BOOL_OR(est_secret_pauvrete) AS est_secret_pauvrete
    FROM livres
    WHERE code_commune NOT IN (SELECT code_commune FROM arrondissements)
    GROUP BY code_actuel, millesime
)

SELECT
    code_actuel AS code_commune,
    'commune:' || code_actuel AS cle_territoire,
    millesime,
    date_donnees,
    CAST(menages_fiscaux AS integer) AS menages_fiscaux,
    CASE WHEN est_entiere THEN revenu_median_eur END AS revenu_median_eur,
    CASE WHEN est_entiere THEN taux_pauvrete_pct END AS taux_pauvrete_pct,
    est_secret_revenu,
    est_secret_pauvrete,
    NOT est_entiere AS est_recomposee
FROM reunis
