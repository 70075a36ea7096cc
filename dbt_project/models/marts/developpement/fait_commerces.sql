-- Grain : une ligne par commune actuelle et édition de la base des équipements qui compte les commerces ; zéro est un vrai zéro.
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ contraintes(['code_commune', 'millesime'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
WITH comptes AS (
    SELECT
        fait.code_commune,
        fait.millesime,
        SUM(fait.nb_equipements) FILTER (WHERE fait.type_equipement IN ('B101', 'B102')) AS nb_grandes_surfaces,
        SUM(fait.nb_equipements) FILTER (WHERE fait.type_equipement BETWEEN 'B201' AND 'B206') AS nb_commerces_alimentaires,
        SUM(fait.nb_equipements) FILTER (WHERE type.code_domaine = 'B') AS nb_commerces,
        SUM(fait.nb_equipements) FILTER (WHERE type.gamme = 'proximité') AS nb_equipements_proximite,
        COUNT(DISTINCT type.code_regroupement) FILTER (WHERE type.gamme = 'proximité') AS nb_types_proximite
    FROM {{ ref('fait_equipements') }} AS fait
    INNER JOIN {{ ref('dim_types_equipement') }} AS type ON type.type_equipement = fait.type_equipement
    WHERE {{ dernier_millesime('fait', 'stg_insee__equipements') }}
    GROUP BY fait.code_commune, fait.millesime
)

SELECT
    commune.code_commune,
    'commune:' || commune.code_commune AS cle_territoire,
    edition.millesime,
    edition.date_donnees,
    commune.population,
    COALESCE(comptes.nb_grandes_surfaces, 0) AS nb_grandes_surfaces,
    COALESCE(comptes.nb_commerces_alimentaires, 0) AS nb_commerces_alimentaires,
    COALESCE(comptes.nb_commerces, 0) AS nb_commerces,
    COALESCE(comptes.nb_equipements_proximite, 0) AS nb_equipements_proximite,
    COALESCE(comptes.nb_types_proximite, 0) AS nb_types_proximite,
    COALESCE(comptes.nb_grandes_surfaces + comptes.nb_commerces_alimentaires,
        comptes.nb_grandes_surfaces, comptes.nb_commerces_alimentaires, 0) = 0 AS est_sans_commerce_alimentaire
FROM {{ ref('dim_communes') }} AS commune
CROSS JOIN (
    SELECT DISTINCT millesime, date_donnees FROM {{ ref('couverture_equipements') }} WHERE source = 'insee__equipements'
) AS edition
LEFT JOIN comptes ON comptes.code_commune = commune.code_commune AND comptes.millesime = edition.millesime
WHERE commune.est_actuelle
