-- Grain : une ligne par lieu de médiation et par millésime.
-- depends_on: {{ ref('dim_territoires') }}, {{ ref('dim_lieux') }}
{{ config(post_hook="{{ cles_lieux('id_lieu_source') }}") }}
SELECT
    amont.id_lieu_source,
    amont.liste,
    {{ colonnes_lieux() }},
    amont.nom,
    amont.services,
    amont.labels_nationaux,
    amont.typologie,
    amont.date_mise_a_jour
FROM {{ ref('stg_mednum__lieux_mediation') }} AS amont
{{ jointures_lieux('mednum__lieux_mediation', 'amont.id_lieu_source') }}
