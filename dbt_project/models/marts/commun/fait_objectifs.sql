-- Grain : une ligne par territoire, indicateur et échéance que la collectivité se donne.
{{ config(post_hook="{{ contraintes(['niveau', 'code_territoire', 'code_indicateur', 'date_objectif'], {
    'cle_territoire': ['dim_territoires', 'cle_territoire'], 'code_indicateur': ['dim_indicateurs', 'code_indicateur'],
}) }}") }}
WITH objectifs AS (
    {{ apports_situes('stg_apports__objectifs', ['niveau', 'code_territoire', 'code_indicateur', 'date_objectif']) }}
)

SELECT
    o.niveau,
    o.code_territoire,
    o.code_indicateur,
    o.date_objectif,
    o.cle_territoire,
    indicateur.code_action,
    o.valeur_cible,
    indicateur.unite,
    indicateur.sens,
    o.origine
FROM objectifs AS o
INNER JOIN {{ ref('dim_indicateurs') }} AS indicateur ON indicateur.code_indicateur = o.code_indicateur
