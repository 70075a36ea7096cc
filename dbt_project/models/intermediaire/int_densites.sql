-- Grain : une ligne par commune actuelle classée dans la grille de densité ou dans la typologie rurale.
-- A class cannot be added: a commune merged since takes that of its most populated part, a commune split since that of the whole.
WITH densites AS ({{ communes_actuelles(ref('stg_insee__densite'), 'insee__densite') }}),

ruralites AS ({{ communes_actuelles(ref('stg_anct__ruralite'), 'anct__ruralite') }}),

densite AS (
    SELECT DISTINCT ON (code_actuel) code_actuel, niveau_densite
    FROM densites
    WHERE millesime = (SELECT MAX(millesime) FROM {{ ref('stg_insee__densite') }})
    ORDER BY code_actuel, population_municipale * part DESC NULLS LAST, code_commune
),

ruralite AS (
    SELECT DISTINCT ON (code_actuel) code_actuel, classe_ruralite
    FROM ruralites
    WHERE millesime = (SELECT MAX(millesime) FROM {{ ref('stg_anct__ruralite') }})
    ORDER BY code_actuel, (code_commune = code_actuel) DESC, code_commune
)

SELECT code_actuel AS code_commune, densite.niveau_densite, ruralite.classe_ruralite
FROM densite
FULL JOIN ruralite USING (code_actuel)
