-- Grain : une ligne par commune actuelle dont la position ou la surface est connue.
-- Position: the centre of the commune of the same code, that is of the chief town for a commune merged since; a new code takes
-- the centre of the commune it comes from. Surface: INSEE's, else OpenStreetMap's; a split commune's own is unknown, but its
-- share (`superficie_repartie_km2`) keeps the sums of every wider territory right.
WITH centres AS ({{ communes_actuelles(ref('stg_osm__centres_communes'), 'osm__centres_communes') }}),

profils AS ({{ communes_actuelles(ref('stg_insee__comparateur_territoires'), 'insee__comparateur_territoires') }}),

position AS (
    SELECT DISTINCT ON (code_actuel)
        code_actuel,
        latitude,
        longitude,
        CASE
            WHEN code_commune = code_actuel THEN 'centre de la commune'
            WHEN part = 1 THEN 'centre de la commune d''avant le changement de code'
            ELSE 'centre de la commune d''avant la scission'
        END AS methode_position
    FROM centres
    WHERE latitude IS NOT NULL
    ORDER BY code_actuel, (code_commune = code_actuel) DESC, part DESC, superficie_km2 DESC
),

surface_osm AS (
    SELECT code_actuel, SUM(superficie_km2 * part) AS superficie_km2, MIN(part) AS part
    FROM centres
    GROUP BY code_actuel
),

surface_insee AS (
    SELECT code_actuel, SUM(superficie_km2 * part) AS superficie_km2, MIN(part) AS part
    FROM profils
    WHERE code_commune = code_actuel
        OR code_commune NOT IN (SELECT code_commune FROM {{ ref('stg_insee__communes') }} WHERE nature = 'ARM')
    GROUP BY code_actuel
)

SELECT
    code_actuel AS code_commune,
    position.latitude,
    position.longitude,
    position.methode_position,
    CASE WHEN COALESCE(insee.part, osm.part) = 1 THEN COALESCE(insee.superficie_km2, osm.superficie_km2) END AS superficie_km2,
    COALESCE(insee.superficie_km2, osm.superficie_km2) AS superficie_repartie_km2
FROM position
FULL JOIN surface_osm AS osm USING (code_actuel)
FULL JOIN surface_insee AS insee USING (code_actuel)
