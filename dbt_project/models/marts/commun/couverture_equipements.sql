-- Grain : une ligne par type d'équipement et millésime où la base le compte dans toutes les communes.
-- depends_on: {{ ref('dim_types_equipement') }}
{{ config(post_hook="{{ contraintes(['type_equipement', 'millesime'], {'type_equipement': ['dim_types_equipement', 'type_equipement']}) }}") }}
SELECT
    type_equipement,
    millesime,
    MAX(date_donnees) AS date_donnees,
    MAX(source) AS source,
    COUNT(*) AS nb_communes_equipees,
    {{ somme_exacte('nb_equipements') }} AS nb_equipements
FROM {{ ref('fait_equipements') }}
GROUP BY type_equipement, millesime
