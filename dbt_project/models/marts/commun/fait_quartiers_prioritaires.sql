-- Grain : une ligne par quartier prioritaire et millésime.
{{ config(post_hook="{{ contraintes(['code_quartier', 'millesime']) }}") }}
WITH communes AS (
    SELECT
        millesime,
        code_quartier,
        COUNT(*) AS nb_communes,
        STRING_AGG(code_commune, ' ' ORDER BY code_commune) AS codes_communes,
        CASE WHEN COUNT(*) = 1 THEN MIN(code_commune) END AS code_commune
    FROM {{ ref('int_quartiers_communes') }}
    GROUP BY millesime, code_quartier
)

SELECT
    quartier.code_quartier,
    quartier.nom_quartier,
    quartier.millesime,
    fiche.date_donnees,
    quartier.code_departement,
    quartier.noms_communes,
    communes.code_commune,
    communes.codes_communes,
    COALESCE(communes.nb_communes, 0) AS nb_communes,
    quartier.population,
    quartier.population_qpv_communes,
    quartier.population_communes,
    quartier.moins_25_ans_pct,
    quartier.plus_60_ans_pct,
    quartier.menages_seuls_pct,
    quartier.etrangers_pct,
    revenu.revenu_median_eur,
    revenu.taux_pauvrete_pct,
    revenu.prestations_sociales_pct,
    revenu.allocataires_caf,
    revenu.allocataires_rsa,
    insertion.emploi_15_64_ans_pct,
    insertion.demandeurs_abc,
    insertion.demandeurs_moins_25_ans,
    insertion.demandeurs_sous_cap_bep
FROM {{ ref('stg_insee__qpv__demographie') }} AS quartier
LEFT JOIN {{ ref('fiches_millesimes') }} AS fiche ON fiche.source = 'insee__qpv' AND fiche.millesime = quartier.millesime
LEFT JOIN communes ON communes.millesime = quartier.millesime AND communes.code_quartier = quartier.code_quartier
LEFT JOIN {{ ref('stg_insee__qpv__revenus') }} AS revenu
    ON revenu.millesime = quartier.millesime AND revenu.code_quartier = quartier.code_quartier
LEFT JOIN {{ ref('stg_insee__qpv__insertion') }} AS insertion
    ON insertion.millesime = quartier.millesime AND insertion.code_quartier = quartier.code_quartier
