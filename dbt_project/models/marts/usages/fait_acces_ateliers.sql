-- Grain : une ligne par commune actuelle. Le chemin vers l'atelier de fabrication le plus proche.
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ contraintes(['code_commune'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
SELECT
    acces.code_commune,
    'commune:' || acces.code_commune AS cle_territoire,
    acces.millesime,
    acces.date_donnees,
    acces.source,
    commune.population,
    acces.distance_km,
    acces.temps_min
FROM {{ ref('int_acces_equipements') }} AS acces
INNER JOIN {{ ref('dim_communes') }} AS commune ON commune.code_commune = acces.code_commune AND commune.est_actuelle
WHERE acces.famille = 'atelier'
