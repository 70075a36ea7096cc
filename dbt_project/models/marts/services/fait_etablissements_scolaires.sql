-- Grain : une ligne par établissement scolaire et par millésime ; les sites d'un même établissement y sont réunis.
-- depends_on: {{ ref('dim_territoires') }}
-- The directory repeats an establishment for each of its sites, each time with all its pupils: they count once.
{{ config(post_hook="{{ cles_communales(['uai', 'millesime']) }}") }}
WITH sites AS (
    SELECT *, COUNT(*) OVER (PARTITION BY millesime, uai) AS nb_sites, ROW_NUMBER() OVER (PARTITION BY millesime, uai ORDER BY rang) AS ordre
    FROM {{ ref('stg_education__annuaire') }}
)

SELECT
    amont.uai,
    amont.millesime,
    {{ colonnes_commune() }},
    amont.nom,
    amont.nature,
    amont.statut,
    amont.nature = 'Ecole' AS est_ecole,
    amont.nature = 'Collège' AS est_college,
    amont.nature = 'Lycée' AS est_lycee,
    amont.est_maternelle,
    amont.est_elementaire,
    amont.nb_eleves,
    amont.nb_sites,
    amont.latitude,
    amont.longitude
FROM sites AS amont
{{ jointures_commune('education__annuaire') }}
WHERE amont.ordre = 1
