-- Grain : une ligne par point de contact de La Poste et par millésime.
-- depends_on: {{ ref('dim_territoires') }}, {{ ref('dim_lieux') }}
{{ config(post_hook="{{ cles_lieux('id_point') }}") }}
SELECT
    amont.id_point,
    {{ colonnes_lieux() }},
    amont.nom,
    amont.type_point,
    amont.type_point = 'Bureau de Poste' AS est_bureau
FROM {{ ref('stg_laposte__points_contact') }} AS amont
{{ jointures_lieux('laposte__points_contact', 'amont.id_point') }}
