-- Grain : une ligne par territoire et ligne de la feuille de route à laquelle la collectivité donne un poids.
{{ config(post_hook="{{ contraintes(['niveau', 'code_territoire', 'code_action'], {
    'cle_territoire': ['dim_territoires', 'cle_territoire'], 'code_action': ['dim_actions', 'code_action'],
}) }}") }}
WITH priorites AS (
    {{ apports_situes('stg_apports__priorites', ['niveau', 'code_territoire', 'code_action']) }}
)

SELECT
    p.niveau,
    p.code_territoire,
    p.code_action,
    p.cle_territoire,
    dim.code_axe,
    p.poids,
    p.poids = 0 AS est_ecartee,
    p.motif
FROM priorites AS p
INNER JOIN {{ ref('dim_actions') }} AS dim ON dim.code_action = p.code_action
