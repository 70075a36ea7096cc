-- Grain : une ligne par commune actuelle et par liste France Services.
-- depends_on: {{ ref('dim_territoires') }}
-- Sites are met through a grid of 0.2° × 0.3°: the nine cells around hold every site within 20 km, in France and overseas.
{{ config(post_hook="{{ contraintes(['code_commune', 'millesime'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
WITH communes AS (
    SELECT
        code_commune,
        population,
        latitude,
        longitude,
        superficie_km2,
        {{ vitesse_kmh('niveau_densite') }} AS vitesse,
        {{ ile('code_commune') }} AS ile
    FROM {{ ref('dim_communes') }}
    WHERE est_actuelle
),

sites AS (
    SELECT
        fait.millesime,
        fait.code_commune,
        COALESCE(fait.latitude, commune.latitude) AS latitude,
        COALESCE(fait.longitude, commune.longitude) AS longitude,
        COALESCE(commune.vitesse, {{ var('deplacements').vitesse_sans_densite_kmh }}) AS vitesse,
        COALESCE(commune.ile, 0) AS ile,
        COUNT(*) OVER (PARTITION BY fait.millesime, fait.code_commune) AS sites_de_la_commune
    FROM {{ ref('fait_france_services') }} AS fait
    LEFT JOIN communes AS commune ON commune.code_commune = fait.code_commune
    WHERE fait.est_actif
),

paires AS (
    SELECT commune.code_commune, site.millesime, commune.vitesse, site.vitesse AS vitesse_site, commune.ile = site.ile AS est_par_la_route,
        {{ haversine_m('commune.latitude', 'commune.longitude', 'site.latitude', 'site.longitude') }} / 1000 AS km
    FROM sites AS site
    CROSS JOIN GENERATE_SERIES(-1, 1) AS dx
    CROSS JOIN GENERATE_SERIES(-1, 1) AS dy
    INNER JOIN communes AS commune
        ON FLOOR(commune.latitude / 0.2) = FLOOR(site.latitude / 0.2) + dx
        AND FLOOR(commune.longitude / 0.3) = FLOOR(site.longitude / 0.3) + dy
    WHERE commune.code_commune IS DISTINCT FROM site.code_commune
    UNION ALL
    SELECT commune.code_commune, site.millesime, commune.vitesse, commune.vitesse, TRUE,
        {{ km_internes('commune.superficie_km2', 'site.sites_de_la_commune') }}
    FROM sites AS site
    INNER JOIN communes AS commune ON commune.code_commune = site.code_commune
),

proches AS (
    SELECT
        code_commune,
        millesime,
        MIN(km) AS distance_km,
        MIN({{ minutes('km', 'vitesse', 'vitesse_site') }}) FILTER (WHERE est_par_la_route) AS temps_min
    FROM paires
    WHERE km <= 20
    GROUP BY code_commune, millesime
)

SELECT
    commune.code_commune,
    'commune:' || commune.code_commune AS cle_territoire,
    liste.millesime,
    liste.date_donnees,
    commune.population,
    proches.distance_km,
    proches.temps_min,
    COALESCE(proches.temps_min > 20, TRUE) AS est_au_dela_20_min,
    COALESCE(proches.distance_km > 10, TRUE) AS est_au_dela_10_km
FROM communes AS commune
CROSS JOIN (SELECT DISTINCT millesime, date_donnees FROM {{ ref('fait_france_services') }}) AS liste
LEFT JOIN proches ON proches.code_commune = commune.code_commune AND proches.millesime = liste.millesime
WHERE commune.latitude IS NOT NULL AND commune.longitude IS NOT NULL
