-- Grain : une ligne par action de la feuille de route.
-- depends_on: {{ ref('dim_axes') }}
{{ config(post_hook="{{ contraintes(['code_action'], {'code_axe': ['dim_axes', 'code_axe']}) }}") }}
SELECT
    a.code_action,
    a.code_axe,
    a.code_action_mere,
    a.libelle,
    a.ordre,
    a.est_mesuree,
    a.jeu_manquant,
    COUNT(i.code_indicateur) AS nb_indicateurs
FROM {{ ref('actions') }} AS a
LEFT JOIN {{ ref('indicateurs') }} AS i ON i.code_action = a.code_action
GROUP BY a.code_action, a.code_axe, a.code_action_mere, a.libelle, a.ordre, a.est_mesuree, a.jeu_manquant
