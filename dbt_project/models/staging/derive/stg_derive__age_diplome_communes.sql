-- Grain : une ligne par commune (arrondissement à Paris, Lyon et Marseille) et millésime. Les secondes lignes, vides, sont écartées.
-- The shares of ages and diplomas are out of the people aged 15 and more, not out of the whole population.
SELECT
    _millesime AS millesime,
    {{ code_commune('code_insee') }} AS code_commune,
    {{ decimal('tx_65etplus') }} AS part_65_ans_pct,
    {{ decimal('tx_25etmoins') }} AS part_15_24_ans_pct,
    {{ decimal('tx_nscol15p') }} AS part_peu_diplomes_pct,
    {{ decimal('tx_menseul') }} AS part_menages_seuls_pct,
    {{ decimal('tx_fammono') }} AS part_familles_monoparentales_pct
FROM {{ source('raw', 'derive__age_diplome_communes') }}
WHERE COALESCE(tx_65etplus, tx_25etmoins, tx_nscol15p, tx_menseul, tx_fammono) IS NOT NULL
