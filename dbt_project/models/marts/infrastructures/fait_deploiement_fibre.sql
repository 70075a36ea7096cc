-- Grain : une ligne par commune actuelle et par trimestre.
{{ config(post_hook="{{ contraintes(['code_commune', 'trimestre'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
WITH declarations AS ({{ communes_actuelles(ref('stg_arcep__deploiement_fibre'), 'arcep__deploiement_fibre') }}),

bases AS ({{ communes_actuelles(ref('stg_arcep__deploiement_fibre__communes'), 'arcep__deploiement_fibre') }}),

raccordables AS (
    SELECT
        code_actuel,
        millesime,
        trimestre,
        SUM(part * valeur) FILTER (WHERE champ = 'locaux_raccordables') AS locaux_raccordables,
        -- A class cannot be added up: kept only where all the communes merged since were in the same one.
        CASE WHEN COUNT(DISTINCT valeur) FILTER (WHERE champ = 'categorie') = 1
            THEN MAX(valeur) FILTER (WHERE champ = 'categorie') END AS categorie_plancher_pct
    FROM declarations
    GROUP BY code_actuel, millesime, trimestre
),

locaux AS (
    SELECT
        code_actuel,
        millesime,
        SUM(part * logements) AS logements,
        SUM(part * etablissements) AS etablissements,
        COUNT(*) AS nb_codes_reunis,
        BOOL_OR(est_zone_tres_dense) AS est_zone_tres_dense,
        BOOL_OR(est_zone_engagee) AS est_zone_engagee
    FROM bases
    GROUP BY code_actuel, millesime
),

derniers AS (
    SELECT DISTINCT ON (code_actuel, trimestre) *
    FROM raccordables
    ORDER BY code_actuel, trimestre, millesime DESC
)

SELECT
    derniers.code_actuel AS code_commune,
    territoire.cle_territoire,
    derniers.trimestre,
    derniers.millesime,
    {{ fin_de_trimestre('derniers.trimestre') }} AS date_donnees,
    derniers.locaux_raccordables,
    locaux.logements,
    locaux.etablissements,
    locaux.logements + locaux.etablissements AS locaux,
    derniers.categorie_plancher_pct,
    locaux.est_zone_tres_dense,
    locaux.est_zone_engagee,
    locaux.nb_codes_reunis
FROM derniers
LEFT JOIN locaux ON locaux.code_actuel = derniers.code_actuel AND locaux.millesime = derniers.millesime
LEFT JOIN {{ ref('dim_territoires') }} AS territoire ON territoire.cle_territoire = 'commune:' || derniers.code_actuel
