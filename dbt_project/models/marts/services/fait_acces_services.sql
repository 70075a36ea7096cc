-- Grain : une ligne par commune actuelle et famille d'équipements de l'axe (santé, enseignement, transport, tiers-lieux labellisés).
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ contraintes(['code_commune', 'famille'], {
    'cle_territoire': ['dim_territoires', 'cle_territoire'], 'famille': ['dim_familles_equipements', 'famille'],
}) }}") }}
SELECT
    acces.code_commune,
    'commune:' || acces.code_commune AS cle_territoire,
    acces.famille,
    famille.theme,
    acces.millesime,
    acces.date_donnees,
    acces.source,
    commune.population,
    acces.nb_equipements,
    acces.distance_km,
    acces.temps_min,
    COALESCE(acces.temps_min > 15, TRUE) AS est_au_dela_15_min,
    COALESCE(acces.temps_min > 30, TRUE) AS est_au_dela_30_min
FROM {{ ref('int_acces_equipements') }} AS acces
INNER JOIN {{ ref('dim_familles_equipements') }} AS famille
    ON famille.famille = acces.famille AND (famille.theme IN ('sante', 'education', 'transport') OR famille.famille = 'fabrique')
INNER JOIN {{ ref('dim_communes') }} AS commune ON commune.code_commune = acces.code_commune AND commune.est_actuelle
