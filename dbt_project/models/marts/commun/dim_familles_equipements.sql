-- Grain : une ligne par famille d'équipements dont l'accès est mesuré.
{{ config(post_hook="{{ contraintes(['famille']) }}") }}
SELECT
    famille,
    MAX(libelle) AS libelle,
    STRING_AGG(type_equipement, ', ' ORDER BY type_equipement) AS types_equipement,
    MAX(millesime) AS millesime
FROM {{ ref('familles_equipements') }}
GROUP BY famille
