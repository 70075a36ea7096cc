{# The column, where the filter holds, has exactly the values that it has upstream: none more, none less, none twice. #}
{% test memes_valeurs(model, colonne, amont, filtre='TRUE') %}
SELECT COALESCE(aval.valeur, amont.valeur) AS valeur, aval.nombre AS nombre_aval, amont.nombre AS nombre_amont
FROM (SELECT {{ colonne }} AS valeur, COUNT(*) AS nombre FROM {{ model }} WHERE {{ filtre }} GROUP BY 1) AS aval
FULL JOIN (SELECT {{ colonne }} AS valeur, COUNT(*) AS nombre FROM {{ amont }} GROUP BY 1) AS amont USING (valeur)
WHERE aval.nombre IS DISTINCT FROM amont.nombre
{% endtest %}
