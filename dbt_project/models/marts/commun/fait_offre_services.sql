-- Grain : une ligne par service et lieu où il est rendu, ou par commune pour ce qui n'est connu que compté par commune.
-- depends_on: {{ ref('dim_territoires') }}, {{ ref('dim_services') }}
{{ config(post_hook="{{ contraintes(['service', 'id_offre'], {
    'cle_territoire': ['dim_territoires', 'cle_territoire'], 'service': ['dim_services', 'service'],
}) }}") }}
SELECT
    service,
    id_offre,
    code_commune,
    'commune:' || code_commune AS cle_territoire,
    nom,
    latitude,
    longitude,
    nombre,
    capacite,
    date_ouverture,
    format,
    source,
    millesime,
    date_donnees
FROM {{ ref('int_offre_services') }}
