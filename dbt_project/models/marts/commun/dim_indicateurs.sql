-- Grain : une ligne par indicateur publié.
-- depends_on: {{ ref('dim_actions') }}
-- depends_on: {{ ref('dim_axes') }}
-- depends_on: {{ ref('dim_sources') }}
{{ config(post_hook="{{ contraintes(['code_indicateur'], {
    'code_action': ['dim_actions', 'code_action'], 'code_axe': ['dim_axes', 'code_axe'], 'source': ['dim_sources', 'source'],
}) }}") }}
SELECT code_indicateur, code_action, code_axe, libelle, unite, facteur, sens, numerateur, denominateur, source, modele, description
FROM {{ ref('indicateurs') }}
