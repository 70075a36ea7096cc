-- Grain : une ligne par type d'équipement de la base permanente des équipements.
{{ config(post_hook="{{ contraintes(['type_equipement']) }}") }}
SELECT
    type.type_equipement,
    type.libelle,
    type.code_domaine,
    type.domaine,
    gamme.gamme,
    gamme.code_regroupement,
    gamme.libelle_regroupement
FROM {{ ref('types_equipements') }} AS type
LEFT JOIN {{ ref('stg_insee__equipements__gammes') }} AS gamme
    ON gamme.type_equipement = type.type_equipement AND {{ dernier_millesime('gamme', 'stg_insee__equipements__gammes') }}
