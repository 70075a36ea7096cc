-- Grain : une ligne par commune actuelle dont la position est connue, et par millésime des listes de tiers-lieux.
-- A tiers-lieu stands at the centre of its commune: its door is not known. Beyond 60 km, or over the sea, time is unknown.
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ contraintes(['code_commune', 'millesime'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
WITH communes AS MATERIALIZED (
    {{ communes_en_marche() }}
),

offre AS (
    SELECT code_commune, COUNT(DISTINCT COALESCE(id_lieu, id_tiers_lieu)) AS nb_tiers_lieux, MAX(millesime) AS millesime, MAX(date_donnees) AS date_donnees
    FROM {{ ref('fait_tiers_lieux') }}
    WHERE {{ dernier_millesime('fait_tiers_lieux', 'fait_tiers_lieux') }} AND code_commune IS NOT NULL
    GROUP BY code_commune
),

sites AS MATERIALIZED (
    SELECT communes.* FROM communes INNER JOIN offre ON offre.code_commune = communes.code_commune
),

sur_place AS (
    SELECT communes.code_commune, communes.vitesse, {{ km_internes('communes.superficie_km2', 'offre.nb_tiers_lieux') }} AS km
    FROM communes
    INNER JOIN offre ON offre.code_commune = communes.code_commune
),

vus AS (
    {{ plus_proches('communes', 'sites', 60, cle='code_commune') }}
    UNION ALL
    SELECT code_commune, km, {{ minutes('km', 'vitesse', 'vitesse') }} FROM sur_place
),

proches AS (
    SELECT code_commune, MIN(distance_km) AS distance_km, MIN(temps_min) AS temps_min FROM vus GROUP BY code_commune
)

SELECT
    communes.code_commune,
    'commune:' || communes.code_commune AS cle_territoire,
    liste.millesime,
    liste.date_donnees,
    commune.population,
    COALESCE(offre.nb_tiers_lieux, 0) AS nb_tiers_lieux,
    proches.distance_km,
    proches.temps_min,
    COALESCE(proches.temps_min > 30, TRUE) AS est_au_dela_30_min
FROM communes
INNER JOIN {{ ref('dim_communes') }} AS commune ON commune.code_commune = communes.code_commune AND commune.est_actuelle
CROSS JOIN (SELECT MAX(millesime) AS millesime, MAX(date_donnees) AS date_donnees FROM offre HAVING COUNT(*) > 0) AS liste
LEFT JOIN offre ON offre.code_commune = communes.code_commune
LEFT JOIN proches ON proches.code_commune = communes.code_commune
