-- Grain : une ligne par point de recharge ouvert au public et millésime.
-- The code of the commune is often empty: the nearest centre then stands for it, as for overseas mobile sites.
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ contraintes(['id_point', 'millesime'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
WITH livres AS ({{ communes_actuelles(ref('stg_datagouv__bornes_recharge'), 'datagouv__bornes_recharge') }}),

communes AS MATERIALIZED (
    SELECT code_commune, latitude, longitude FROM {{ ref('dim_communes') }} WHERE est_actuelle AND latitude IS NOT NULL
),

points AS MATERIALIZED (
    SELECT DISTINCT ON (livres.id_point, livres.millesime)
        livres.*,
        connue.code_commune IS NOT NULL AS a_commune
    FROM livres
    LEFT JOIN communes AS connue ON connue.code_commune = livres.code_actuel
    ORDER BY livres.id_point, livres.millesime, livres.part DESC, livres.code_actuel
),

positions AS (
    -- The points of a station share its position: one search for all.
    SELECT DISTINCT latitude, longitude FROM points WHERE NOT a_commune AND latitude IS NOT NULL
),

proches AS (
    -- Centres in the nine squares of a tenth of a degree around: a commune of the mainland is seldom wider.
    SELECT DISTINCT ON (positions.latitude, positions.longitude)
        positions.latitude,
        positions.longitude,
        communes.code_commune
    FROM positions
    CROSS JOIN GENERATE_SERIES(-1, 1) AS dx
    CROSS JOIN GENERATE_SERIES(-1, 1) AS dy
    INNER JOIN communes
        ON FLOOR(communes.latitude * 10) = FLOOR(positions.latitude * 10) + dx
        AND FLOOR(communes.longitude * 10) = FLOOR(positions.longitude * 10) + dy
    ORDER BY
        positions.latitude, positions.longitude,
        {{ haversine_m('positions.latitude', 'positions.longitude', 'communes.latitude', 'communes.longitude') }}, communes.code_commune
)

SELECT
    points.id_point,
    points.millesime,
    points.date_donnees,
    points.id_station,
    points.nom_station,
    points.operateur,
    points.enseigne,
    points.implantation,
    COALESCE(CASE WHEN points.a_commune THEN points.code_actuel END, proches.code_commune) AS code_commune,
    territoire.cle_territoire,
    NOT points.a_commune AND proches.code_commune IS NOT NULL AS est_commune_deduite,
    points.latitude,
    points.longitude,
    points.puissance_kw,
    points.puissance_kw >= 50 AS est_rapide,
    points.est_gratuit,
    points.est_reservable,
    points.est_deux_roues,
    points.condition_acces,
    points.date_mise_en_service
FROM points
LEFT JOIN proches
    ON NOT points.a_commune AND proches.latitude = points.latitude AND proches.longitude = points.longitude
LEFT JOIN {{ ref('dim_territoires') }} AS territoire
    ON territoire.cle_territoire = 'commune:' || COALESCE(CASE WHEN points.a_commune THEN points.code_actuel END, proches.code_commune)
