-- Grain : une ligne par opérateur et site. La commune est celle du centre le plus proche : le fichier ne donne qu'une position.
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ contraintes(['id_site'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
WITH sites AS MATERIALIZED (SELECT * FROM {{ ref('stg_arcep__sites_mobiles') }}),

communes AS MATERIALIZED (
    SELECT code_commune, code_departement, code_region, latitude, longitude
    FROM {{ ref('dim_communes') }}
    WHERE est_actuelle AND latitude IS NOT NULL
),

-- Centres are looked for in the nine squares of one degree around the site: the communes of Guyane are wide.
proches AS (
    SELECT DISTINCT ON (sites.id_source)
        sites.id_source,
        communes.code_commune,
        communes.code_departement,
        communes.code_region,
        {{ haversine_m('sites.latitude', 'sites.longitude', 'communes.latitude', 'communes.longitude') }} / 1000 AS distance_centre_km
    FROM sites
    CROSS JOIN GENERATE_SERIES(-1, 1) AS dx
    CROSS JOIN GENERATE_SERIES(-1, 1) AS dy
    INNER JOIN communes
        ON FLOOR(communes.latitude) = FLOOR(sites.latitude) + dx AND FLOOR(communes.longitude) = FLOOR(sites.longitude) + dy
    WHERE {{ haversine_m('sites.latitude', 'sites.longitude', 'communes.latitude', 'communes.longitude') }} <= {{ 1000 * var('site_commune_max_km') }}
    ORDER BY sites.id_source, distance_centre_km, communes.code_commune
)

SELECT
    site.id_source AS id_site,
    site.millesime,
    fiche.date_donnees,
    site.operateur,
    site.latitude,
    site.longitude,
    site.a_2g,
    site.a_3g,
    site.a_4g,
    proches.code_commune,
    CASE WHEN proches.code_commune IS NOT NULL THEN 'commune:' || proches.code_commune END AS cle_territoire,
    proches.code_departement AS territoire,
    proches.code_region,
    proches.distance_centre_km,
    -- The same operator, position and techniques twice: three rows of upstream, kept and marked.
    ROW_NUMBER() OVER (
        PARTITION BY site.millesime, site.operateur, site.latitude, site.longitude ORDER BY site.id_source
    ) > 1 AS est_repete
FROM sites AS site
LEFT JOIN {{ ref('fiches_millesimes') }} AS fiche
    ON fiche.source = 'arcep__sites_mobiles' AND fiche.millesime = site.millesime
LEFT JOIN proches ON proches.id_source = site.id_source
