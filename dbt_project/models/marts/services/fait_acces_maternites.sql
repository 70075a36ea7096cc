-- Grain : une ligne par commune actuelle et par année retenue (la dernière, et de cinq ans en cinq ans avant elle).
-- depends_on: {{ ref('dim_territoires') }}
-- A maternity stands at the centre of its commune, and a distance is as the crow flies: over such lengths the speeds of the
-- two ends say little of the road. Cells of 0.3° × 0.45° are wider than 30 km: the nine around hold every maternity in reach.
-- Each pair of communes is measured once, whatever the years.
{{ config(post_hook="{{ cles_communales(['code_commune', 'millesime']) }}") }}
WITH communes AS (
    SELECT code_commune, population, latitude, longitude, superficie_km2, {{ ile('code_commune') }} AS ile,
        FLOOR(latitude / 0.3) AS rang_lat, FLOOR(longitude / 0.45) AS rang_lon
    FROM {{ ref('dim_communes') }}
    WHERE est_actuelle AND latitude IS NOT NULL AND longitude IS NOT NULL
),

sites AS (
    SELECT millesime, date_donnees, code_commune, COUNT(*) AS nombre
    FROM {{ ref('fait_maternites') }}
    WHERE code_commune IS NOT NULL
        AND ((SELECT MAX(CAST(millesime AS integer)) FROM {{ ref('fait_maternites') }}) - CAST(millesime AS integer)) % 5 = 0
    GROUP BY millesime, date_donnees, code_commune
),

autour AS MATERIALIZED (
    SELECT arrivee.code_commune, arrivee.latitude, arrivee.longitude, arrivee.ile,
        arrivee.rang_lat + dx AS rang_lat, arrivee.rang_lon + dy AS rang_lon
    FROM communes AS arrivee
    CROSS JOIN GENERATE_SERIES(-1, 1) AS dx
    CROSS JOIN GENERATE_SERIES(-1, 1) AS dy
    WHERE arrivee.code_commune IN (SELECT code_commune FROM sites)
),

trajets AS MATERIALIZED (
    SELECT depart.code_commune, arrivee.code_commune AS code_arrivee,
        {{ haversine_m('depart.latitude', 'depart.longitude', 'arrivee.latitude', 'arrivee.longitude') }} / 1000 AS km
    FROM autour AS arrivee
    INNER JOIN communes AS depart
        ON depart.rang_lat = arrivee.rang_lat AND depart.rang_lon = arrivee.rang_lon
        AND depart.ile = arrivee.ile AND depart.code_commune <> arrivee.code_commune
),

proches AS (
    SELECT code_commune, millesime, MIN(km) AS distance_km
    FROM (
        SELECT trajet.code_commune, site.millesime, trajet.km
        FROM trajets AS trajet
        INNER JOIN sites AS site ON site.code_commune = trajet.code_arrivee
        UNION ALL
        SELECT commune.code_commune, site.millesime,
            {{ km_internes('commune.superficie_km2', 'site.nombre') }}
        FROM sites AS site
        INNER JOIN communes AS commune ON commune.code_commune = site.code_commune
    ) AS paires
    WHERE km <= 30
    GROUP BY code_commune, millesime
)

SELECT
    commune.code_commune,
    'commune:' || commune.code_commune AS cle_territoire,
    annee.millesime,
    annee.date_donnees,
    commune.population,
    proches.distance_km,
    COALESCE(proches.distance_km > 15, TRUE) AS est_au_dela_15_km,
    proches.distance_km IS NULL AS est_au_dela_30_km
FROM communes AS commune
CROSS JOIN (SELECT DISTINCT millesime, date_donnees FROM sites) AS annee
LEFT JOIN proches ON proches.code_commune = commune.code_commune AND proches.millesime = annee.millesime
