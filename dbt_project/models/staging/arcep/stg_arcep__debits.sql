-- Grain : une ligne par millésime et commune. Les classes de débit sont telles que livrées : exclusives en 2019, cumulées ensuite.
SELECT
    _millesime AS millesime,
    {{ code_commune('code_insee') }} AS code_commune,
    {{ texte('nom_com') }} AS nom_commune,
    {{ texte('type') }} AS type_local,
    {{ jour('date') }} AS date_mesure,
    {{ entier('nbr') }} AS locaux,
    {{ entier('inel_hd') }} AS inel_hd,
    {{ entier('elig_hd05') }} AS elig_hd05,
    {{ entier('elig_hd3') }} AS elig_hd3,
    {{ entier('elig_hd8') }} AS elig_hd8,
    {{ entier('elig_thd30') }} AS elig_thd30,
    {{ entier('elig_thd100') }} AS elig_thd100,
    {{ entier('elig_thd1g') }} AS elig_thd1g
FROM {{ source('raw', 'arcep__debits') }}
