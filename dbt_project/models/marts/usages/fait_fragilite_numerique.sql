-- Grain : une ligne par commune actuelle et millésime. Deux calculs du total : chaque millésime à sa date, jamais ensemble.
{{ config(post_hook="{{ contraintes(['code_commune', 'millesime'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
SELECT
    scores.code_commune,
    territoire.cle_territoire,
    scores.millesime,
    scores.date_donnees,
    scores.score_thd,
    scores.score_4g,
    scores.score_pauvrete,
    scores.score_65_ans,
    scores.score_diplome,
    scores.score_total,
    scores.part_observee,
    scores.nb_codes_reunis,
    scores.millesime = MAX(scores.millesime) OVER () AS est_servi
FROM {{ ref('int_fragilite_communes') }} AS scores
LEFT JOIN {{ ref('dim_territoires') }} AS territoire ON territoire.cle_territoire = 'commune:' || scores.code_commune
