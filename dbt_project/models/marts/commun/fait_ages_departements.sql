-- Grain : une ligne par département et millésime.
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ contraintes(['code_departement', 'millesime'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
SELECT
    age.code_departement,
    territoire.cle_territoire,
    age.millesime,
    fiche.date_donnees,
    age.moins_20_ans,
    age.de_20_a_39_ans,
    age.de_40_a_59_ans,
    age.de_60_a_74_ans,
    age.plus_75_ans,
    age.population,
    age.femmes
FROM {{ ref('stg_insee__age_departements') }} AS age
LEFT JOIN {{ ref('fiches_millesimes') }} AS fiche ON fiche.source = 'insee__age_departements' AND fiche.millesime = age.millesime
LEFT JOIN {{ ref('dim_territoires') }} AS territoire ON territoire.cle_territoire = 'departement:' || age.code_departement
