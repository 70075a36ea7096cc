-- Grain : une ligne par famille d'équipements dont l'accès est mesuré.
{{ config(post_hook="{{ contraintes(['famille']) }}") }}
SELECT
    famille,
    MAX(libelle) AS libelle,
    MAX(theme) AS theme,
    CASE MAX(millesime) WHEN '2019' THEN 'insee__equipements_iris' ELSE 'insee__equipements' END AS source,
    STRING_AGG(type_equipement, ', ' ORDER BY type_equipement) AS types_equipement,
    MAX(millesime) AS millesime
FROM {{ ref('familles_equipements') }}
GROUP BY famille
UNION ALL
SELECT * FROM (VALUES
    ('fabrique', 'Fabrique de territoire', 'fabrication', 'anct__fabriques_de_territoire', NULL, NULL),
    ('manufacture', 'Manufacture de proximité', 'fabrication', 'anct__manufactures_proximite', NULL, NULL),
    ('atelier', 'Fabrique de territoire ou manufacture de proximité', 'fabrication', 'anct__fabriques_de_territoire', NULL, NULL)
) AS ateliers (famille, libelle, theme, source, types_equipement, millesime)
