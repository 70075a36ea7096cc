-- Grain : une ligne par jour d'évènement, commune de départ et commune d'arrivée, jusqu'au dernier COG.
-- Only the events that move somebody: a commune that keeps its code and everything it had is left out.
WITH lignes AS (
    SELECT DISTINCT date_effet, code_avant, code_apres
    FROM {{ ref('stg_insee__mouvements_communes') }}
    WHERE nature_avant = 'COM' AND nature_apres = 'COM'
        AND date_effet <= (SELECT MAX(date_cog) FROM {{ ref('int_communes_courantes') }})
),

departs AS (
    SELECT
        *,
        BOOL_OR(code_apres = code_avant) OVER evenement AS demeure,
        BOOL_OR(code_apres <> code_avant) OVER evenement AS bouge,
        COUNT(*) OVER evenement AS nb_arrivees
    FROM lignes
    WINDOW evenement AS (PARTITION BY date_effet, code_avant)
)

SELECT date_effet, code_avant, code_apres, demeure, nb_arrivees
FROM departs
WHERE bouge
