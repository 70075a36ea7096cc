-- Grain : une ligne par fabrique de territoire ou manufacture de proximité de la dernière liste.
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ contraintes(['id_atelier'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
SELECT
    id_atelier,
    nature,
    nom,
    code_commune,
    'commune:' || code_commune AS cle_territoire,
    millesime,
    date_donnees,
    source
FROM {{ ref('int_ateliers') }}
