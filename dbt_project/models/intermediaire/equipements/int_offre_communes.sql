-- Grain : une ligne par famille d'équipements et commune actuelle qui en a au moins un. Une autre source s'ajoute ici, par une union.
{{ config(post_hook="{{ contraintes(['famille', 'code_commune']) }}") }}
SELECT
    famille.famille,
    fait.code_commune,
    fait.millesime,
    MAX(fait.date_donnees) AS date_donnees,
    MAX(fait.source) AS source,
    SUM(fait.nb_equipements) AS nb_equipements
FROM {{ ref('familles_equipements') }} AS famille
INNER JOIN {{ ref('fait_equipements') }} AS fait
    ON fait.type_equipement = famille.type_equipement AND fait.millesime = famille.millesime
GROUP BY famille.famille, fait.code_commune, fait.millesime
UNION ALL
SELECT
    famille.famille,
    atelier.code_commune,
    MAX(atelier.millesime),
    MAX(atelier.date_donnees),
    MIN(atelier.source),
    COUNT(*)
FROM {{ ref('int_ateliers') }} AS atelier
CROSS JOIN LATERAL (VALUES (atelier.nature), ('atelier')) AS famille (famille)
WHERE atelier.code_commune IS NOT NULL
GROUP BY famille.famille, atelier.code_commune
