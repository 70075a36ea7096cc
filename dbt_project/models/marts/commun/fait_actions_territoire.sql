-- Grain : une ligne par action du plan de la collectivité.
{{ config(post_hook="{{ contraintes(['niveau', 'code_territoire', 'id_action'], {
    'cle_territoire': ['dim_territoires', 'cle_territoire'], 'code_action': ['dim_actions', 'code_action'],
}) }}") }}
WITH actions AS (
    {{ apports_situes('stg_apports__actions', ['niveau', 'code_territoire', 'id_action']) }}
)

SELECT
    a.niveau,
    a.code_territoire,
    a.id_action,
    a.cle_territoire,
    dim.code_action,
    dim.code_axe,
    a.intitule,
    a.pilote,
    a.etat,
    a.date_debut,
    a.date_fin_prevue,
    a.date_fin_reelle,
    a.budget_prevu_eur,
    a.budget_engage_eur,
    a.budget_depense_eur,
    100 * a.budget_depense_eur / NULLIF(a.budget_prevu_eur, 0) AS budget_depense_pct,
    a.avancement_pct,
    a.financeurs,
    a.etat IN ('decidee', 'en_cours') AND a.date_fin_prevue < CURRENT_DATE AS est_en_retard
FROM actions AS a
LEFT JOIN {{ ref('dim_actions') }} AS dim ON dim.code_action = a.code_action
