-- Grain : une ligne par axe de la feuille de route.
{{ config(post_hook="{{ contraintes(['code_axe']) }}") }}
SELECT code_axe, libelle, ordre
FROM {{ ref('axes') }}
