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

proches AS (
    -- Centres within a tenth of a degree or so: a commune of the mainland is not wider.
    SELECT DISTINCT ON (points.id_point, points.millesime)
        points.id_point,
        points.millesime,
        communes.code_commune
    FROM points
    CROSS JOIN GENERATE_SERIES(-1, 1) AS dx
    CROSS JOIN GENERATE_SERIES(-1, 1) AS dy
    INNER JOIN communes
        ON FLOOR(communes.latitude * 5) = FLOOR(points.latitude * 5) + dx AND FLOOR(communes.longitude * 5) = FLOOR(points.longitude * 5) + dy
    WHERE NOT points.a_commune AND points.latitude IS NOT NULL
    ORDER BY
        points.id_point, points.millesime,
        {{ haversine_m('points.latitude', 'points.longitude', 'communes.latitude', 'communes.longitude') }}, communes.code_commune
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
LEFT JOIN proches ON proches.id_point = points.id_point AND proches.millesime = points.millesime
LEFT JOIN {{ ref('dim_territoires') }} AS territoire
    ON territoire.cle_territoire = 'commune:' || COALESCE(CASE WHEN points.a_commune THEN points.code_actuel END, proches.code_commune)
