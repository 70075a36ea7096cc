-- Grain : une ligne par délibération publiée et par millésime.
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ contraintes(['siren', 'id_deliberation', 'date_deliberation', 'millesime'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
SELECT
    amont.siren,
    amont.id_deliberation,
    amont.date_deliberation,
    amont.millesime,
    fiche.date_donnees,
    collectivite.cle_territoire,
    collectivite.code_commune,
    collectivite.siren_epci,
    collectivite.code_departement,
    amont.code_matiere,
    amont.objet,
    amont.voix_pour IS NOT NULL AND amont.voix_contre IS NOT NULL AND amont.abstentions IS NOT NULL AS a_vote_publie,
    amont.adresse_document IS NOT NULL AS a_document
FROM {{ ref('stg_scdl__deliberations') }} AS amont
LEFT JOIN {{ ref('int_collectivites') }} AS collectivite ON collectivite.siren = amont.siren
LEFT JOIN {{ ref('fiches_millesimes') }} AS fiche ON fiche.source = 'scdl__deliberations' AND fiche.millesime = amont.millesime
