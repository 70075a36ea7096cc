-- Grain : une ligne par couple ordonné de communes dont les centres sont à moins de 12 km, frontières administratives comprises.
{{ config(post_hook="{{ contraintes(['code_commune', 'code_voisin']) }}") }}
WITH communes AS (
    {{ communes_en_marche() }}
)

SELECT
    paire.code_commune,
    paire.code_voisin,
    paire.km AS distance_km,
    CASE WHEN paire.est_par_la_route THEN {{ minutes('paire.km', 'paire.vitesse', 'paire.vitesse_voisin') }} END AS temps_min
FROM (
    {{ paires_proches('communes', 'communes', 12) }}
) AS paire
