-- Grain : une ligne par département et millésime. Les sous-totaux et la note de source, sans code, sont écartés.
SELECT
    _millesime AS millesime,
    {{ code_departement('departements') }} AS code_departement,
    {{ entier('ensemble_0_a_19_ans') }} AS moins_20_ans,
    {{ entier('ensemble_20_a_39_ans') }} AS de_20_a_39_ans,
    {{ entier('ensemble_40_a_59_ans') }} AS de_40_a_59_ans,
    {{ entier('ensemble_60_a_74_ans') }} AS de_60_a_74_ans,
    {{ entier('ensemble_75_ans_et_plus') }} AS plus_75_ans,
    {{ entier('ensemble_total') }} AS population,
    {{ entier('femmes_total') }} AS femmes
FROM {{ source('raw', 'insee__age_departements') }}
WHERE departements ~ '^([0-9A-Z]{1,2}|97[0-9])$'
