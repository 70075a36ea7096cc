-- Grain : une ligne par commune actuelle membre d'un EPCI à fiscalité propre, au dernier millésime de la DGCL.
-- A commune merged since goes where most of its people were.
WITH livres AS ({{ communes_actuelles(ref('stg_dgcl__intercommunalites'), 'dgcl__intercommunalites') }})

SELECT DISTINCT ON (livres.code_actuel)
    livres.code_actuel AS code_commune,
    livres.siren_epci,
    livres.nom_epci,
    livres.nature_juridique,
    livres.siren_commune
FROM livres
WHERE livres.millesime = (SELECT MAX(millesime) FROM {{ ref('stg_dgcl__intercommunalites') }})
ORDER BY livres.code_actuel, livres.population_municipale * livres.part DESC NULLS LAST, livres.siren_epci
