-- Grain : une ligne par service numérique né dans un incubateur public et par millésime. Nationale.
-- depends_on: {{ ref('dim_territoires') }}
-- The phase is the last one begun at the date of the list.
{{ config(post_hook="{{ contraintes(['id_startup', 'millesime'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
WITH phases AS (
    SELECT DISTINCT ON (amont.millesime, amont.id_startup)
        amont.millesime,
        amont.id_startup,
        phase.valeur ->> 'name' AS phase,
        CAST(LEFT(phase.valeur ->> 'start', 10) AS date) AS date_phase
    FROM {{ ref('stg_betagouv__startups') }} AS amont
    INNER JOIN {{ ref('fiches_millesimes') }} AS fiche ON fiche.source = 'betagouv__startups' AND fiche.millesime = amont.millesime
    CROSS JOIN LATERAL JSONB_ARRAY_ELEMENTS(amont.phases) AS phase (valeur)
    WHERE CAST(LEFT(phase.valeur ->> 'start', 10) AS date) <= fiche.date_donnees
    ORDER BY amont.millesime, amont.id_startup, phase.valeur ->> 'start' DESC
)

SELECT
    amont.id_startup,
    amont.millesime,
    fiche.date_donnees,
    'france:FR' AS cle_territoire,
    amont.nom,
    amont.incubateur,
    phases.phase,
    phases.date_phase,
    phases.phase IN ('construction', 'acceleration', 'transfer', 'success') AS est_en_service,
    phases.phase IN ('transfer', 'success') AS est_perennisee,
    JSONB_ARRAY_LENGTH(amont.financeurs) AS nb_financeurs
FROM {{ ref('stg_betagouv__startups') }} AS amont
LEFT JOIN phases ON phases.millesime = amont.millesime AND phases.id_startup = amont.id_startup
LEFT JOIN {{ ref('fiches_millesimes') }} AS fiche ON fiche.source = 'betagouv__startups' AND fiche.millesime = amont.millesime
