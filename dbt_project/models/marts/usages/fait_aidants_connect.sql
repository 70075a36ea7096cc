-- Grain : une ligne par structure habilitée Aidants Connect et par millésime.
-- depends_on: {{ ref('dim_territoires') }}, {{ ref('dim_lieux') }}
{{ config(post_hook="{{ cles_lieux('id_structure') }}") }}
SELECT
    amont.id_structure,
    {{ colonnes_lieux() }},
    amont.nom,
    amont.est_active,
    amont.est_france_services,
    amont.nb_aidants,
    amont.nb_usagers,
    amont.nb_demarches
FROM {{ ref('stg_anct__aidants_connect') }} AS amont
{{ jointures_lieux('anct__aidants_connect', 'amont.id_structure') }}
