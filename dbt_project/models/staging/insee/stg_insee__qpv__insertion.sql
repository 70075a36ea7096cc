-- Grain : une ligne par quartier prioritaire et millésime.
SELECT
    _millesime AS millesime,
    {{ texte('codgeo') }} AS code_quartier,
    {{ decimal('tx_tot_empl') }} AS emploi_15_64_ans_pct,
    {{ entier('abc') }} AS demandeurs_abc,
    {{ entier('abc_25') }} AS demandeurs_moins_25_ans,
    {{ entier('abc_rsa') }} AS demandeurs_rsa,
    {{ entier('abc_infcapbep') }} AS demandeurs_sous_cap_bep
FROM {{ source('raw', 'insee__qpv__insertion') }}
