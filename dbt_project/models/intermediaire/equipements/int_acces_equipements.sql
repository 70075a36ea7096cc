-- Grain : une ligne par commune actuelle et famille d'équipements, zéros compris.
-- Three rounds: the commune and its neighbours at 12 km, then 30 km, then 60 km, each only for those whom a farther site could
-- still serve sooner. Beyond 60 km, or over the sea, distance or time is unknown, never infinite. Eight million pairs are grouped
-- by one whole number (`cle`: commune and family), three times faster than by their codes.
{{ config(pre_hook="SET LOCAL work_mem = '192MB'", post_hook="{{ contraintes(['code_commune', 'famille']) }}") }}
WITH communes AS MATERIALIZED (
    SELECT enumerees.*, ROW_NUMBER() OVER (ORDER BY enumerees.code_commune) * 1000 AS numero
    FROM ({{ communes_en_marche() }}) AS enumerees
),

familles AS MATERIALIZED (
    SELECT famille, MAX(millesime) AS millesime, MAX(date_donnees) AS date_donnees, MAX(source) AS source,
        RANK() OVER (ORDER BY famille) AS rang
    FROM {{ ref('int_offre_communes') }}
    GROUP BY famille
),

sites AS MATERIALIZED (
    SELECT communes.*, familles.rang, communes.numero + familles.rang AS cle, offre.nb_equipements
    FROM {{ ref('int_offre_communes') }} AS offre
    INNER JOIN communes ON communes.code_commune = offre.code_commune
    INNER JOIN familles ON familles.famille = offre.famille
),

sur_place AS (
    SELECT cle, vitesse, {{ km_internes('superficie_km2', 'GREATEST(nb_equipements, 1)') }} AS km FROM sites
),

ronde_1 AS MATERIALIZED (
    SELECT cle, MIN(distance_km) AS distance_km, MIN(temps_min) AS temps_min
    FROM (
        SELECT cle, km AS distance_km, {{ minutes('km', 'vitesse', 'vitesse') }} AS temps_min FROM sur_place
        UNION ALL
        SELECT depart.numero + sites.rang, voisinage.distance_km, voisinage.temps_min
        FROM {{ ref('int_voisinages') }} AS voisinage
        INNER JOIN communes AS depart ON depart.code_commune = voisinage.code_commune
        INNER JOIN sites ON sites.code_commune = voisinage.code_voisin
    ) AS vus
    GROUP BY cle
),

restants_1 AS MATERIALIZED (
    SELECT communes.*, familles.rang, communes.numero + familles.rang AS cle, vu.temps_min AS temps_vu
    FROM communes
    CROSS JOIN familles
    LEFT JOIN ronde_1 AS vu ON vu.cle = communes.numero + familles.rang
    WHERE vu.temps_min IS NULL OR vu.temps_min > {{ minutes_au_dela(12, 'communes.vitesse') }}
),

ronde_2 AS MATERIALIZED ({{ plus_proches('restants_1', 'sites', 30) }}),

restants_2 AS MATERIALIZED (
    SELECT restants_1.*
    FROM restants_1
    LEFT JOIN ronde_2 AS vu ON vu.cle = restants_1.cle
    WHERE LEAST(restants_1.temps_vu, vu.temps_min) IS NULL
        OR LEAST(restants_1.temps_vu, vu.temps_min) > {{ minutes_au_dela(30, 'restants_1.vitesse') }}
),

ronde_3 AS MATERIALIZED ({{ plus_proches('restants_2', 'sites', 60) }}),

vus AS (
    SELECT cle, MIN(distance_km) AS distance_km, MIN(temps_min) AS temps_min
    FROM (SELECT * FROM ronde_1 UNION ALL SELECT * FROM ronde_2 UNION ALL SELECT * FROM ronde_3) AS rondes
    GROUP BY cle
)

SELECT
    communes.code_commune,
    familles.famille,
    familles.millesime,
    familles.date_donnees,
    familles.source,
    COALESCE(sites.nb_equipements, 0) AS nb_equipements,
    vus.distance_km,
    vus.temps_min
FROM communes
CROSS JOIN familles
LEFT JOIN sites ON sites.cle = communes.numero + familles.rang
LEFT JOIN vus ON vus.cle = communes.numero + familles.rang
