{# The column's total is that of upstream in each group: the way neither loses nor adds anybody. #}
{% test total_conserve_par(model, colonne, par, amont) %}
SELECT COALESCE(aval.groupe, amont.groupe) AS groupe, aval.total AS total_aval, amont.total AS total_amont
FROM (SELECT {{ par }} AS groupe, SUM({{ colonne }}) AS total FROM {{ model }} GROUP BY 1) AS aval
FULL JOIN (SELECT {{ par }} AS groupe, SUM({{ colonne }}) AS total FROM {{ amont }} GROUP BY 1) AS amont USING (groupe)
WHERE aval.total IS DISTINCT FROM amont.total
{% endtest %}
