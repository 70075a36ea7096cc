-- Grain : une ligne par service sur lequel une recommandation est faite.
{{ config(post_hook="{{ contraintes(['service']) }}") }}
WITH combien AS (
    SELECT service, COUNT(*) AS nb_lieux, {{ somme_exacte('capacite') }} AS capacite_totale, MAX(date_donnees) AS date_donnees
    FROM {{ ref('int_offre_services') }}
    GROUP BY service
)

SELECT
    amont.service,
    amont.ordre,
    amont.libelle,
    amont.seuil_min,
    amont.raison_seuil,
    amont.source_seuil,
    amont.seuil_alerte_min,
    amont.unite_capacite,
    amont.habitants_par_unite,
    amont.raison_ratio,
    amont.population_candidate_min,
    amont.raison_candidate,
    amont.guichet_obligatoire,
    amont.texte_guichet,
    amont.offre_observee,
    amont.raison_offre,
    COALESCE(combien.nb_lieux, 0) AS nb_lieux,
    combien.capacite_totale,
    combien.date_donnees
FROM {{ ref('services') }} AS amont
LEFT JOIN combien ON combien.service = amont.service
