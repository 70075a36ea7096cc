{# The column's total is that of `valeur` in `amont`: nothing lost, nothing counted twice on the way. #}
{% test total_conserve(model, column_name, amont, valeur, filtre_amont='TRUE') %}
WITH aval AS (SELECT COALESCE(SUM({{ column_name }}), 0) AS total FROM {{ model }}),

source AS (SELECT COALESCE(SUM({{ valeur }}), 0) AS total FROM {{ amont }} WHERE {{ filtre_amont }})

SELECT aval.total AS total_aval, source.total AS total_amont
FROM aval
CROSS JOIN source
WHERE ABS(aval.total - source.total) > 1e-9 * GREATEST(ABS(source.total), 1)
{% endtest %}
