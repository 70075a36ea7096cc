-- Grain : une ligne par démarche et par édition de l'observatoire. Nationale : aucun territoire plus fin n'est publié.
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ contraintes(['id_demarche', 'millesime'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
SELECT
    amont.id_demarche,
    amont.millesime,
    fiche.date_donnees,
    'france:FR' AS cle_territoire,
    amont.nom,
    amont.administration,
    amont.volume,
    amont.volume_en_ligne,
    amont.en_ligne = 'Oui' AS est_en_ligne,
    amont.note_satisfaction,
    amont.note_simplicite,
    amont.conformite_rgaa_pct
FROM {{ ref('stg_dinum__demarches') }} AS amont
LEFT JOIN {{ ref('fiches_millesimes') }} AS fiche ON fiche.source = 'dinum__demarches' AND fiche.millesime = amont.millesime
