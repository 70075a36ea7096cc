-- Grain : une ligne par commune actuelle et CRTE qui la couvre.
-- Contracts are signed by groupings: their communes follow. The few communes that signed by themselves are known by their
-- SIREN as members of a grouping, else (islands outside any) by their name within the region.
-- `rang` 1 is the contract with the fewest signatories: two groupings of Ain stand in a contract of theirs and in a wider one.
WITH contrats AS MATERIALIZED (
    SELECT *, COUNT(*) OVER (PARTITION BY code_crte) AS nb_signataires
    FROM {{ ref('stg_anct__contrats_crte') }}
    WHERE millesime = (SELECT MAX(millesime) FROM {{ ref('stg_anct__contrats_crte') }})
),

couvertures AS (
    SELECT m.code_commune, c.code_crte, c.nb_signataires
    FROM contrats AS c
    INNER JOIN {{ ref('int_membres_epci') }} AS m ON m.siren_epci = c.siren_signataire
    UNION
    SELECT m.code_commune, c.code_crte, c.nb_signataires
    FROM contrats AS c
    INNER JOIN {{ ref('int_membres_epci') }} AS m ON m.siren_commune = c.siren_signataire
    WHERE c.nature_juridique = 'COM'
    UNION
    SELECT MIN(cog.code_commune), c.code_crte, c.nb_signataires
    FROM contrats AS c
    INNER JOIN {{ ref('int_communes_courantes') }} AS cog
        ON cog.nom_commune = c.nom_signataire AND cog.code_region = c.code_region
    WHERE c.nature_juridique = 'COM'
        AND c.siren_signataire NOT IN (SELECT siren_commune FROM {{ ref('int_membres_epci') }} WHERE siren_commune IS NOT NULL)
    GROUP BY c.code_crte, c.nb_signataires, c.siren_signataire
    HAVING COUNT(*) = 1
)

SELECT
    code_commune,
    code_crte,
    ROW_NUMBER() OVER (PARTITION BY code_commune ORDER BY nb_signataires, code_crte) AS rang
FROM couvertures
