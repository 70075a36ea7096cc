-- Grain : une ligne par commune actuelle : le contrat (CRTE) qui la couvre, et combien de groupements le partagent.
-- depends_on: {{ ref('dim_territoires') }}
-- A commune in two contracts is told by the closest one (fewest signatories).
{{ config(post_hook="{{ cles_communales(['code_commune', 'millesime']) }}") }}
WITH signataires AS (
    SELECT millesime, code_crte, COUNT(DISTINCT siren_signataire) FILTER (WHERE nature_juridique <> 'COM') AS nb_groupements
    FROM {{ ref('stg_anct__contrats_crte') }}
    WHERE {{ dernier_millesime('stg_anct__contrats_crte', 'stg_anct__contrats_crte') }}
    GROUP BY millesime, code_crte
)

SELECT
    commune.code_commune,
    'commune:' || commune.code_commune AS cle_territoire,
    fiche.millesime,
    fiche.date_donnees,
    commune.population,
    commune.siren_epci,
    contrat.code_crte,
    signataires.nb_groupements,
    contrat.code_crte IS NOT NULL AS est_sous_contrat,
    COALESCE(signataires.nb_groupements > 1, FALSE) AS est_contrat_partage
FROM {{ ref('dim_communes') }} AS commune
CROSS JOIN (SELECT DISTINCT millesime FROM signataires) AS liste
LEFT JOIN {{ ref('fiches_millesimes') }} AS fiche ON fiche.source = 'anct__contrats_crte' AND fiche.millesime = liste.millesime
LEFT JOIN {{ ref('int_crte_communes') }} AS contrat ON contrat.code_commune = commune.code_commune AND contrat.rang = 1
LEFT JOIN signataires ON signataires.code_crte = contrat.code_crte
WHERE commune.est_actuelle
