-- Grain : une ligne par compteur de la collectivité, territoire et jour de mesure.
{{ config(post_hook="{{ contraintes(['code_compteur', 'niveau', 'code_territoire', 'date_mesure'], {
    'cle_territoire': ['dim_territoires', 'cle_territoire'], 'code_action': ['dim_actions', 'code_action'],
}) }}") }}
WITH compteurs AS (
    {{ apports_situes('stg_apports__compteurs', ['code_compteur', 'niveau', 'code_territoire', 'date_mesure']) }}
)

SELECT
    c.code_compteur,
    c.niveau,
    c.code_territoire,
    c.date_mesure,
    c.cle_territoire,
    c.nom_compteur,
    c.valeur,
    c.unite,
    c.valeur - LAG(c.valeur) OVER suite AS evolution,
    c.date_mesure = MAX(c.date_mesure) OVER (PARTITION BY c.code_compteur, c.niveau, c.code_territoire) AS est_derniere,
    dim.code_action,
    c.origine
FROM compteurs AS c
LEFT JOIN {{ ref('dim_actions') }} AS dim ON dim.code_action = c.code_action
WINDOW suite AS (PARTITION BY c.code_compteur, c.niveau, c.code_territoire ORDER BY c.date_mesure)
