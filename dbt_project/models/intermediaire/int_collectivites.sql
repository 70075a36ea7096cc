-- Grain : une ligne par commune ou EPCI, connu par son Siren.
-- Who publishes is told by a SIREN; a grouping is placed in the département where most of its people live.
WITH communes AS (
    SELECT DISTINCT ON (membre.siren_commune)
        membre.siren_commune AS siren,
        'commune' AS nature,
        membre.code_commune,
        CAST(NULL AS text) AS siren_epci,
        commune.code_departement,
        'commune:' || membre.code_commune AS cle_territoire
    FROM {{ ref('int_membres_epci') }} AS membre
    INNER JOIN {{ ref('dim_communes') }} AS commune ON commune.code_commune = membre.code_commune AND commune.est_actuelle
    WHERE membre.siren_commune IS NOT NULL
    ORDER BY membre.siren_commune, membre.code_commune
),

groupements AS (
    SELECT DISTINCT ON (membre.siren_epci)
        membre.siren_epci AS siren,
        'epci' AS nature,
        CAST(NULL AS text) AS code_commune,
        membre.siren_epci,
        commune.code_departement,
        'epci:' || membre.siren_epci AS cle_territoire
    FROM {{ ref('int_membres_epci') }} AS membre
    INNER JOIN {{ ref('dim_communes') }} AS commune ON commune.code_commune = membre.code_commune AND commune.est_actuelle
    GROUP BY membre.siren_epci, commune.code_departement
    ORDER BY membre.siren_epci, SUM(commune.population) DESC NULLS LAST, commune.code_departement
)

SELECT siren, nature, code_commune, siren_epci, code_departement, cle_territoire FROM groupements
UNION ALL
SELECT siren, nature, code_commune, siren_epci, code_departement, cle_territoire FROM communes
WHERE siren NOT IN (SELECT siren FROM groupements)
