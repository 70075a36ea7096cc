-- Grain : une ligne par commune actuelle et millésime. Calcul d'un tiers : dernière valeur connue, hors de toute série.
{{ config(post_hook="{{ contraintes(['code_commune', 'millesime'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
WITH livres AS MATERIALIZED ({{ communes_actuelles(ref('stg_arcep__fibre_communes'), 'arcep__fibre_communes') }}),

comptes AS (
    SELECT
        code_actuel,
        millesime,
        date_donnees,
        part * locaux AS locaux,
        -- An empty number beside a stated rate of 0.0 % is a stated zero; beside anything else it is missing.
        part * COALESCE(locaux_fibre, CASE WHEN fibre_pct = 0 THEN 0 END) AS locaux_fibre,
        part * COALESCE(locaux_cable, CASE WHEN cable_pct = 0 THEN 0 END) AS locaux_cable,
        part * COALESCE(locaux_dsl, CASE WHEN dsl_pct = 0 THEN 0 END) AS locaux_dsl
    FROM livres
)

SELECT
    comptes.code_actuel AS code_commune,
    MAX(territoire.cle_territoire) AS cle_territoire,
    comptes.millesime,
    MAX(comptes.date_donnees) AS date_donnees,
    SUM(comptes.locaux) AS locaux,
    CASE WHEN BOOL_AND(comptes.locaux_fibre IS NOT NULL) THEN SUM(comptes.locaux_fibre) END AS locaux_fibre,
    CASE WHEN BOOL_AND(comptes.locaux_cable IS NOT NULL) THEN SUM(comptes.locaux_cable) END AS locaux_cable,
    CASE WHEN BOOL_AND(comptes.locaux_dsl IS NOT NULL) THEN SUM(comptes.locaux_dsl) END AS locaux_dsl,
    BOOL_OR(fiche.est_derive_tiers) AS est_derive_tiers
FROM comptes
INNER JOIN {{ ref('fiches') }} AS fiche ON fiche.source = 'arcep__fibre_communes'
LEFT JOIN {{ ref('dim_territoires') }} AS territoire ON territoire.cle_territoire = 'commune:' || comptes.code_actuel
GROUP BY comptes.code_actuel, comptes.millesime
