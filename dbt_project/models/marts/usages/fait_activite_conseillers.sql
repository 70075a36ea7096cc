-- Grain : une ligne par code postal complet et par millésime : participations aux accompagnements des conseillers numériques.
-- Sums over all reports up to the day of the extract; sessions are not counted upstream. A postcode known to La Poste is located.
{{ config(post_hook="{{ contraintes(['code_postal', 'millesime']) }}") }}
WITH communes AS (
    SELECT DISTINCT code_postal FROM {{ ref('pont_codes_postaux') }}
)

SELECT
    amont.code_postal,
    amont.millesime,
    fiche.date_donnees,
    communes.code_postal IS NOT NULL AS est_situe,
    amont.nb_moins_12_ans + amont.nb_12_18_ans + amont.nb_18_35_ans + amont.nb_35_60_ans + amont.nb_plus_60_ans AS nb_accompagnements,
    amont.nb_moins_12_ans,
    amont.nb_12_18_ans,
    amont.nb_18_35_ans,
    amont.nb_35_60_ans,
    amont.nb_plus_60_ans,
    amont.nb_etudiants,
    amont.nb_sans_emploi,
    amont.nb_en_emploi,
    amont.nb_retraites,
    amont.nb_groupes_meles
FROM {{ ref('stg_anct__conseillers_numeriques_activite') }} AS amont
LEFT JOIN {{ ref('fiches_millesimes') }} AS fiche
    ON fiche.source = 'anct__conseillers_numeriques_activite' AND fiche.millesime = amont.millesime
LEFT JOIN communes ON communes.code_postal = amont.code_postal
WHERE amont.code_postal IS NOT NULL
