-- Grain : une ligne par commune du dernier millésime du code officiel géographique.
SELECT
    cog.code_commune,
    cog.nom_commune,
    cog.code_departement,
    cog.code_region,
    cog.millesime,
    fiche.geographie AS date_cog
FROM {{ ref('stg_insee__communes') }} AS cog
INNER JOIN {{ ref('fiches_millesimes') }} AS fiche ON fiche.source = 'insee__communes' AND fiche.millesime = cog.millesime
WHERE cog.nature = 'COM' AND cog.millesime = (SELECT MAX(millesime) FROM {{ ref('stg_insee__communes') }})
