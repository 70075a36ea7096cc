{# Each type of each edition has as many equipments as in the delivered files, Paris, Lyon and Marseille counted once. #}
{% test total_des_equipements(model) %}
WITH amont AS (
    SELECT livre.millesime, livre.type_equipement, SUM(livre.nombre) AS nombre
    FROM {{ ref('stg_insee__equipements') }} AS livre
    WHERE livre.code_commune NOT IN (
        SELECT code_ancien FROM {{ ref('passage_communes') }} WHERE motif = 'arrondissement'
    )
    GROUP BY 1, 2
    UNION ALL
    SELECT millesime, type_equipement, SUM(nombre) FROM {{ ref('stg_insee__equipements_iris') }} GROUP BY 1, 2
)

SELECT millesime, type_equipement, amont.nombre, aval.nombre AS nombre_aval
FROM amont
FULL JOIN (
    SELECT millesime, type_equipement, SUM(nb_equipements) AS nombre FROM {{ model }} GROUP BY 1, 2
) AS aval USING (millesime, type_equipement)
WHERE COALESCE(ABS(aval.nombre - amont.nombre) > 1e-6 * amont.nombre, TRUE)
{% endtest %}
