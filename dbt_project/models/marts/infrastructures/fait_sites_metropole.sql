-- Grain : une ligne par opérateur, site et trimestre livré, en métropole.
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ contraintes(['code_operateur', 'numero_site', 'millesime'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
WITH livres AS ({{ communes_actuelles(ref('stg_arcep__sites_metropole'), 'arcep__sites_metropole') }}),

situes AS (
    -- In a commune split since, a site goes where most of the people did.
    SELECT DISTINCT ON (code_operateur, numero_site, millesime) *
    FROM livres
    ORDER BY code_operateur, numero_site, millesime, part DESC, code_actuel
)

SELECT
    situes.code_operateur,
    situes.numero_site,
    situes.millesime,
    situes.date_donnees,
    situes.operateur,
    situes.id_site_partage,
    situes.id_station_anfr,
    situes.latitude,
    situes.longitude,
    situes.code_actuel AS code_commune,
    territoire.cle_territoire,
    situes.a_2g,
    situes.a_3g,
    situes.a_4g,
    situes.a_5g,
    situes.est_zone_blanche,
    situes.est_couverture_ciblee,
    situes.date_ouverture_5g
FROM situes
LEFT JOIN {{ ref('dim_territoires') }} AS territoire ON territoire.cle_territoire = 'commune:' || situes.code_actuel
