-- Grain : une ligne par action de la feuille de route.
-- depends_on: {{ ref('dim_axes') }}
{{ config(post_hook="{{ contraintes(['code_action'], {'code_axe': ['dim_axes', 'code_axe']}) }}") }}
WITH mesures AS (
    SELECT
        i.code_action,
        COUNT(*) AS nb_indicateurs,
        COUNT(*) FILTER (WHERE f.est_verifiee AND NOT starts_with(i.source, 'apports__')) AS nb_indicateurs_verifies,
        COUNT(*) FILTER (WHERE starts_with(i.source, 'apports__')) AS nb_indicateurs_apportes
    FROM {{ ref('indicateurs') }} AS i
    INNER JOIN {{ ref('fiches') }} AS f ON f.source = i.source
    GROUP BY i.code_action
)

SELECT
    a.code_action,
    a.code_axe,
    a.code_action_mere,
    a.libelle,
    a.ordre,
    m.nb_indicateurs IS NOT NULL AS est_mesuree,
    CASE
        WHEN m.nb_indicateurs IS NULL THEN 'non mesurée'
        WHEN m.nb_indicateurs_verifies > 0 THEN 'données réelles'
        WHEN m.nb_indicateurs_apportes = m.nb_indicateurs THEN 'apports du territoire seulement'
        ELSE 'données simulées seulement'
    END AS mesure,
    a.jeu_manquant,
    COALESCE(m.nb_indicateurs, 0) AS nb_indicateurs
FROM {{ ref('actions') }} AS a
LEFT JOIN mesures AS m ON m.code_action = a.code_action
