-- Grain : une ligne par commune actuelle et trimestre livré (Carte fibre).
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ contraintes(['code_commune', 'millesime'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
WITH livres AS MATERIALIZED ({{ communes_actuelles(ref('stg_arcep__carte_fibre'), 'arcep__carte_fibre') }})

SELECT
    livres.code_actuel AS code_commune,
    territoire.cle_territoire,
    livres.millesime,
    MAX(livres.date_donnees) AS date_donnees,
    SUM(livres.locaux * livres.part) AS locaux,
    SUM(livres.locaux_raccordables * livres.part) AS locaux_raccordables,
    -- A class cannot be added up: kept only where all that was gathered was in the same one.
    CASE WHEN COUNT(DISTINCT livres.couverture_plancher_pct) = 1 THEN MAX(livres.couverture_plancher_pct) END AS couverture_plancher_pct,
    CASE WHEN COUNT(DISTINCT livres.zone) = 1 THEN MAX(livres.zone) END AS zone,
    BOOL_OR(livres.est_zone_tres_dense) AS est_zone_tres_dense
FROM livres
LEFT JOIN {{ ref('dim_territoires') }} AS territoire ON territoire.cle_territoire = 'commune:' || livres.code_actuel
GROUP BY livres.code_actuel, territoire.cle_territoire, livres.millesime
