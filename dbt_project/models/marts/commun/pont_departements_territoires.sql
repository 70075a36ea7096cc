-- Grain : une ligne par département et territoire fait de départements entiers.
-- depends_on: {{ ref('dim_territoires') }}
-- What is known by département only is never shared out among communes: it goes to the territories whose members are all
-- the communes of one or several départements (département, région, France, and any of one's own that is so made).
{{ config(post_hook="{{ contraintes(['code_departement', 'cle_territoire'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
WITH parts AS (
    SELECT pont.cle_territoire, commune.code_departement, COUNT(*) AS nb_communes
    FROM {{ ref('pont_communes_territoires') }} AS pont
    INNER JOIN {{ ref('dim_communes') }} AS commune ON commune.code_commune = pont.code_commune AND commune.est_actuelle
    GROUP BY pont.cle_territoire, commune.code_departement
),

departements AS (
    SELECT code_departement, COUNT(*) AS nb_communes, SUM(population) AS population
    FROM {{ ref('dim_communes') }}
    WHERE est_actuelle
    GROUP BY code_departement
),

jugees AS (
    SELECT
        parts.cle_territoire,
        parts.code_departement,
        departements.population,
        BOOL_AND(parts.nb_communes = departements.nb_communes) OVER (PARTITION BY parts.cle_territoire) AS est_entier
    FROM parts
    INNER JOIN departements ON departements.code_departement = parts.code_departement
)

SELECT code_departement, cle_territoire, population
FROM jugees
WHERE est_entier
