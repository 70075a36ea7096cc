-- Grain : une ligne par commune actuelle et famille d'équipements, zéros compris.
-- Three rounds: the commune and its neighbours at 12 km, then 30 km, then 60 km, each only for those whom a farther site could
-- still serve sooner. Beyond 60 km, or over the sea, distance or time is unknown, never infinite.
{{ config(pre_hook="SET LOCAL work_mem = '192MB'", post_hook="{{ contraintes(['code_commune', 'famille']) }}") }}
WITH communes AS MATERIALIZED (
    {{ communes_en_marche() }}
),

offre AS (
    SELECT * FROM {{ ref('int_offre_communes') }}
),

familles AS (
    SELECT famille, MAX(millesime) AS millesime, MAX(date_donnees) AS date_donnees, MAX(source) AS source,
        RANK() OVER (ORDER BY famille) AS rang
    FROM offre
    GROUP BY famille
),

sites AS MATERIALIZED (
    SELECT communes.*, offre.famille, familles.rang
    FROM offre
    INNER JOIN communes ON communes.code_commune = offre.code_commune
    INNER JOIN familles ON familles.famille = offre.famille
),

sur_place AS (
    SELECT commune.code_commune, commune.vitesse, offre.famille,
        {{ km_internes('commune.superficie_km2', 'GREATEST(offre.nb_equipements, 1)') }} AS km
    FROM offre
    INNER JOIN communes AS commune ON commune.code_commune = offre.code_commune
),

ronde_1 AS MATERIALIZED (
    SELECT code_commune, famille, MIN(distance_km) AS distance_km, MIN(temps_min) AS temps_min
    FROM (
        SELECT code_commune, famille, km AS distance_km, {{ minutes('km', 'vitesse', 'vitesse') }} AS temps_min FROM sur_place
        UNION ALL
        SELECT voisinage.code_commune, offre.famille, voisinage.distance_km, voisinage.temps_min
        FROM {{ ref('int_voisinages') }} AS voisinage
        INNER JOIN offre ON offre.code_commune = voisinage.code_voisin
    ) AS vus
    GROUP BY code_commune, famille
),

restants_1 AS MATERIALIZED (
    SELECT communes.*, familles.famille, familles.rang
    FROM communes
    CROSS JOIN familles
    LEFT JOIN ronde_1 AS vu ON vu.code_commune = communes.code_commune AND vu.famille = familles.famille
    WHERE vu.temps_min IS NULL OR vu.temps_min > {{ minutes_au_dela(12, 'communes.vitesse') }}
),

ronde_2 AS MATERIALIZED ({{ plus_proches('restants_1', 'sites', 30) }}),

restants_2 AS MATERIALIZED (
    SELECT restants_1.*
    FROM restants_1
    LEFT JOIN ronde_1 AS vu_1 ON vu_1.code_commune = restants_1.code_commune AND vu_1.famille = restants_1.famille
    LEFT JOIN ronde_2 AS vu_2 ON vu_2.code_commune = restants_1.code_commune AND vu_2.famille = restants_1.famille
    WHERE LEAST(vu_1.temps_min, vu_2.temps_min) IS NULL
        OR LEAST(vu_1.temps_min, vu_2.temps_min) > {{ minutes_au_dela(30, 'restants_1.vitesse') }}
),

ronde_3 AS MATERIALIZED ({{ plus_proches('restants_2', 'sites', 60) }})

SELECT
    communes.code_commune,
    familles.famille,
    familles.millesime,
    familles.date_donnees,
    familles.source,
    COALESCE(offre.nb_equipements, 0) AS nb_equipements,
    LEAST(vu_1.distance_km, vu_2.distance_km, vu_3.distance_km) AS distance_km,
    LEAST(vu_1.temps_min, vu_2.temps_min, vu_3.temps_min) AS temps_min
FROM communes
CROSS JOIN familles
LEFT JOIN offre ON offre.code_commune = communes.code_commune AND offre.famille = familles.famille
LEFT JOIN ronde_1 AS vu_1 ON vu_1.code_commune = communes.code_commune AND vu_1.famille = familles.famille
LEFT JOIN ronde_2 AS vu_2 ON vu_2.code_commune = communes.code_commune AND vu_2.famille = familles.famille
LEFT JOIN ronde_3 AS vu_3 ON vu_3.code_commune = communes.code_commune AND vu_3.famille = familles.famille
