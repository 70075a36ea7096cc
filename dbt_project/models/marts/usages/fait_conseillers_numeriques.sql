-- Grain : une ligne par structure d'accueil validée et par millésime. La commune est celle du siège.
-- depends_on: {{ ref('dim_territoires') }}, {{ ref('dim_lieux') }}
{{ config(post_hook="{{ cles_lieux('id_structure') }}") }}
SELECT
    amont.id_structure,
    {{ colonnes_lieux() }},
    amont.nom,
    amont.type_structure,
    amont.nb_conseillers,
    amont.date_validation,
    amont.est_france_services
FROM {{ ref('stg_anct__conseillers_numeriques') }} AS amont
{{ jointures_lieux('anct__conseillers_numeriques', 'amont.id_structure') }}
