-- Grain : une ligne par lieu de covoiturage et par millésime.
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ cles_communales(['id_lieu_source', 'millesime']) }}") }}
SELECT
    amont.id_lieu_source,
    amont.millesime,
    {{ colonnes_commune() }},
    amont.nom,
    amont.nature,
    COALESCE(amont.est_ouvert, FALSE) AS est_ouvert,
    amont.places,
    amont.latitude,
    amont.longitude
FROM {{ ref('stg_transport__covoiturage') }} AS amont
{{ jointures_commune('transport__covoiturage') }}
