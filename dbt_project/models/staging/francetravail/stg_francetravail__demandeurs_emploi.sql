-- Grain : une ligne par commune (Paris, Lyon, Marseille et leurs arrondissements) et millésime.
SELECT
    _millesime AS millesime,
    {{ code_commune('codgeo') }} AS code_commune,
    {{ entier('abcde') }} AS demandeurs_abcde,
    {{ entier('abc') }} AS demandeurs_abc,
    {{ entier('a') }} AS demandeurs_a,
    {{ entier('abc_25') }} AS demandeurs_moins_25_ans,
    {{ entier('abc_50') }} AS demandeurs_plus_50_ans,
    {{ entier('abc_infcapbep') }} AS demandeurs_sous_cap_bep,
    {{ entier('abc_dur3') }} + {{ entier('abc_dur4') }} AS demandeurs_un_an_et_plus,
    {{ entier('abc_rsa') }} AS demandeurs_rsa
FROM {{ source('raw', 'francetravail__demandeurs_emploi') }}
