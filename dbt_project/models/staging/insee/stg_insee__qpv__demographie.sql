-- Grain : une ligne par quartier prioritaire et millésime.
SELECT
    _millesime AS millesime,
    {{ texte('codgeo') }} AS code_quartier,
    {{ texte('libgeo') }} AS nom_quartier,
    {{ code_departement("CASE WHEN codgeo LIKE 'QP0%' THEN SUBSTRING(codgeo FROM 4 FOR 2) ELSE SUBSTRING(codgeo FROM 3 FOR 3) END") }} AS code_departement,
    {{ texte('lib_com') }} AS noms_communes,
    {{ entier('pop_mun') }} AS population,
    {{ entier('pop_com_qp') }} AS population_qpv_communes,
    {{ entier('pop_com') }} AS population_communes,
    {{ decimal('tx_tot_0a24') }} AS moins_25_ans_pct,
    {{ decimal('tx_tot_60etplus') }} AS plus_60_ans_pct,
    {{ decimal('tx_tot_men1') }} AS menages_seuls_pct,
    {{ decimal('tx_tot_et') }} AS etrangers_pct,
    {{ entier('percou') }} AS personnes_couvertes_caf
FROM {{ source('raw', 'insee__qpv__demographie') }}
