-- Grain : une ligne par indicateur tiré des apports et commune que l'un d'eux concerne.
-- A territory that brought nothing is not measured: it has no row, and lowers the coverage of what contains it.
{{ config(post_hook="{{ contraintes(['code_indicateur', 'code_commune']) }}") }}
WITH sieges AS (
    {{ apports_situes('stg_apports__gouvernance', ['niveau', 'code_territoire', 'id_membre']) }}
),

reponses AS (
    {{ apports_situes('stg_apports__consultations', ['code_consultation', 'niveau', 'code_territoire', 'code_question', 'reponse']) }}
),

communes AS (
    SELECT code_commune, population FROM {{ ref('dim_communes') }} WHERE est_actuelle AND population > 0
),

recues AS (
    SELECT livraison, CAST(recue_le AS date) AS jour FROM {{ source('pilotage', 'livraisons') }}
),

colleges AS (
    SELECT pont.code_commune, COUNT(DISTINCT s.college) AS nb_colleges, MAX(recues.jour) AS date_donnees
    FROM sieges AS s
    INNER JOIN {{ ref('pont_communes_territoires') }} AS pont ON pont.cle_territoire = s.cle_territoire
    INNER JOIN recues ON recues.livraison = s.livraison
    WHERE COALESCE(s.date_debut <= CURRENT_DATE, TRUE) AND COALESCE(s.date_fin >= CURRENT_DATE, TRUE)
    GROUP BY pont.code_commune
),

questions AS (
    SELECT code_consultation, cle_territoire, code_question, SUM(nb_reponses) AS nb_reponses, MAX(COALESCE(date_fin, date_debut)) AS jour
    FROM reponses
    WHERE cle_territoire IS NOT NULL
    GROUP BY code_consultation, cle_territoire, code_question
),

consultations AS (
    -- The question most answered stands for the consultation: answers to several questions are not added up.
    SELECT code_consultation, cle_territoire, MAX(nb_reponses) AS nb_reponses, MAX(jour) AS jour
    FROM questions
    GROUP BY code_consultation, cle_territoire
),

participations AS (
    SELECT
        pont.code_commune,
        SUM(CAST(c.nb_reponses AS double precision) * communes.population / territoire.population) AS nb_reponses,
        MAX(c.jour) AS date_donnees
    FROM consultations AS c
    INNER JOIN {{ ref('dim_territoires') }} AS territoire ON territoire.cle_territoire = c.cle_territoire AND territoire.population > 0
    INNER JOIN {{ ref('pont_communes_territoires') }} AS pont ON pont.cle_territoire = c.cle_territoire
    INNER JOIN communes ON communes.code_commune = pont.code_commune
    GROUP BY pont.code_commune
)

SELECT
    c.code_commune,
    'colleges_representes' AS code_indicateur,
    'apports' AS millesime,
    c.date_donnees,
    CAST(c.nb_colleges * communes.population AS double precision) AS numerateur,
    CAST(6 * communes.population AS double precision) AS denominateur,
    CAST(1 AS double precision) AS part_observee
FROM colleges AS c
INNER JOIN communes ON communes.code_commune = c.code_commune
UNION ALL
SELECT
    p.code_commune,
    'consultations_reponses',
    'apports',
    p.date_donnees,
    CAST(p.nb_reponses AS double precision),
    CAST(communes.population AS double precision),
    1
FROM participations AS p
INNER JOIN communes ON communes.code_commune = p.code_commune
