-- Grain : une ligne par établissement sanitaire ou social et par millésime. Occitanie seulement.
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ cles_communales(['finess', 'millesime']) }}") }}
WITH etablissements AS (
    SELECT
        millesime,
        finess,
        MIN(nom) AS nom,
        MIN(code_categorie) AS code_categorie,
        MIN(categorie) AS categorie,
        MIN(famille) AS famille,
        MIN(code_commune) AS code_commune,
        MIN(latitude) AS latitude,
        MIN(longitude) AS longitude,
        COUNT(DISTINCT activite_soins) AS nb_activites_soins,
        COUNT(DISTINCT equipement_social) AS nb_equipements_sociaux,
        BOOL_OR(activite_soins = 'Médecine d''urgence') AS a_urgences
    FROM {{ ref('stg_drees__finess') }}
    GROUP BY millesime, finess
)

SELECT
    amont.finess,
    amont.millesime,
    {{ colonnes_commune() }},
    amont.nom,
    amont.categorie,
    amont.famille,
    -- 603 maison de santé, 124 centre de santé: where general practitioners and nurses work together.
    amont.code_categorie IN ('603', '124') AS est_soins_coordonnes,
    amont.code_categorie = '620' AS est_pharmacie,
    COALESCE(amont.a_urgences, FALSE) AS a_urgences,
    amont.nb_activites_soins,
    amont.nb_equipements_sociaux,
    amont.latitude,
    amont.longitude
FROM etablissements AS amont
{{ jointures_commune('drees__finess') }}
