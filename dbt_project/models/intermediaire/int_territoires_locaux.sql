-- Grain : une ligne par territoire que la collectivité définit et commune actuelle membre.
-- Every heir of a commune that was split is a member; a code that no commune ever had is left out, never guessed.
{{ config(post_hook="{{ contraintes(['code_territoire', 'code_commune']) }}") }}
WITH membres AS (
    {{ communes_actuelles(ref('stg_apports__territoires'), 'apports__territoires') }}
),

noms AS (
    -- Two files may name one territory differently: the first name in alphabetical order serves for all.
    SELECT code_territoire, MIN(nom_territoire) AS nom_territoire
    FROM {{ ref('stg_apports__territoires') }}
    GROUP BY code_territoire
)

SELECT DISTINCT membres.code_territoire, noms.nom_territoire, cog.code_commune
FROM membres
INNER JOIN noms ON noms.code_territoire = membres.code_territoire
INNER JOIN {{ ref('int_communes_courantes') }} AS cog ON cog.code_commune = membres.code_actuel
