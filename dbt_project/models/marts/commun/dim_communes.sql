-- Grain : une ligne par commune et par période de validité ; les communes actuelles sont celles où est_actuelle.
-- Belonging, classes, population and position are those of today: only current rows carry them.
{{ config(post_hook="{{ contraintes(['cle_commune']) }}") }}
WITH populations AS (
    SELECT DISTINCT ON (code_commune) code_commune, millesime, population_municipale
    FROM {{ ref('fait_populations') }}
    WHERE population_municipale IS NOT NULL
    ORDER BY code_commune, millesime DESC
)

SELECT
    p.code_commune || '@' || p.date_debut AS cle_commune,
    p.code_commune,
    p.nom_commune,
    p.date_debut,
    p.date_fin,
    p.date_fin IS NULL AS est_actuelle,
    p.code_departement,
    p.code_region,
    epci.siren_epci,
    crte.code_crte,
    classes.niveau_densite,
    classes.classe_ruralite,
    zonages.code_bassin_vie,
    zonages.nb_bassins_vie_reunis,
    zonages.code_zone_emploi,
    zonages.code_unite_urbaine,
    zonages.code_aire_attraction,
    zonages.categorie_aire_attraction,
    zonages.code_arrondissement,
    zonages.niveau_centralite,
    zonages.est_montagne,
    zonages.massif,
    zonages.est_zrr,
    populations.population_municipale AS population,
    populations.millesime AS population_millesime,
    positions.latitude,
    positions.longitude,
    positions.methode_position,
    positions.superficie_km2,
    positions.superficie_repartie_km2
FROM {{ ref('int_periodes_communes') }} AS p
LEFT JOIN {{ ref('int_membres_epci') }} AS epci ON epci.code_commune = p.code_commune AND p.date_fin IS NULL
LEFT JOIN {{ ref('int_crte_communes') }} AS crte ON crte.code_commune = p.code_commune AND crte.rang = 1 AND p.date_fin IS NULL
LEFT JOIN {{ ref('int_densites') }} AS classes ON classes.code_commune = p.code_commune AND p.date_fin IS NULL
LEFT JOIN {{ ref('int_zonages') }} AS zonages ON zonages.code_commune = p.code_commune AND p.date_fin IS NULL
LEFT JOIN {{ ref('int_positions') }} AS positions ON positions.code_commune = p.code_commune AND p.date_fin IS NULL
LEFT JOIN populations ON populations.code_commune = p.code_commune AND p.date_fin IS NULL
