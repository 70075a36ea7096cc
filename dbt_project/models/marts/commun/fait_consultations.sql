-- Grain : une ligne par consultation, territoire, question et réponse.
-- The share is of the answers to the question: a person may have given several.
{{ config(post_hook="{{ contraintes(['code_consultation', 'niveau', 'code_territoire', 'code_question', 'reponse'], {
    'cle_territoire': ['dim_territoires', 'cle_territoire'], 'code_action': ['dim_actions', 'code_action'],
}) }}") }}
WITH reponses AS (
    {{ apports_situes('stg_apports__consultations', ['code_consultation', 'niveau', 'code_territoire', 'code_question', 'reponse']) }}
)

SELECT
    r.code_consultation,
    r.niveau,
    r.code_territoire,
    r.code_question,
    r.reponse,
    r.cle_territoire,
    r.nom_consultation,
    r.date_debut,
    r.date_fin,
    r.question,
    r.nb_reponses,
    CAST(100.0 * r.nb_reponses / NULLIF(SUM(r.nb_reponses) OVER question_posee, 0) AS double precision) AS part_reponses_pct,
    dim.code_action
FROM reponses AS r
LEFT JOIN {{ ref('dim_actions') }} AS dim ON dim.code_action = r.code_action
WINDOW question_posee AS (PARTITION BY r.code_consultation, r.niveau, r.code_territoire, r.code_question)
