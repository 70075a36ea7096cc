-- Grain : une ligne par commune actuelle, type d'équipement et millésime, seulement quand il y en a ; `couverture_equipements` dit
-- quels types chaque millésime compte : là, une ligne absente est un vrai zéro.
-- depends_on: {{ ref('dim_territoires') }}, {{ ref('dim_types_equipement') }}
{{ config(pre_hook="SET LOCAL work_mem = '192MB'", post_hook="{{ contraintes(['code_commune', 'type_equipement', 'millesime'], {
    'cle_territoire': ['dim_territoires', 'cle_territoire'], 'type_equipement': ['dim_types_equipement', 'type_equipement'],
}) }}") }}
WITH livres AS (
    {{ communes_actuelles(ref('stg_insee__equipements'), 'insee__equipements') }}
),

par_iris AS (
    SELECT millesime, code_commune, type_equipement, SUM(nombre) AS nombre
    FROM {{ ref('stg_insee__equipements_iris') }}
    GROUP BY millesime, code_commune, type_equipement
),

livres_iris AS (
    {{ communes_actuelles('par_iris', 'insee__equipements_iris') }}
),

arrondissements AS (
    SELECT DISTINCT date_reference, code_ancien FROM {{ ref('passage_communes') }} WHERE motif = 'arrondissement'
),

reunis AS (
    -- The 2021 files hold Paris, Lyon and Marseille and their arrondissements: only the cities count.
    SELECT livres.millesime, livres.code_actuel, livres.type_equipement, livres.part * livres.nombre AS nb, livres.date_donnees,
        'insee__equipements' AS source
    FROM livres
    LEFT JOIN arrondissements AS arr ON arr.date_reference = livres.geographie AND arr.code_ancien = livres.code_commune
    WHERE arr.code_ancien IS NULL
    UNION ALL
    SELECT millesime, code_actuel, type_equipement, part * nombre, date_donnees, 'insee__equipements_iris'
    FROM livres_iris
)

SELECT
    reunis.code_actuel AS code_commune,
    'commune:' || reunis.code_actuel AS cle_territoire,
    reunis.type_equipement,
    reunis.millesime,
    MAX(reunis.date_donnees) AS date_donnees,
    CAST(SUM(reunis.nb) AS double precision) AS nb_equipements,
    MAX(reunis.source) AS source
FROM reunis
GROUP BY reunis.code_actuel, reunis.type_equipement, reunis.millesime
