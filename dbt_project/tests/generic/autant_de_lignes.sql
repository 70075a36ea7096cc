{# As many rows as upstream: no source row is lost or doubled by a join. #}
{% test autant_de_lignes(model, amont) %}
SELECT aval.lignes, amont.lignes AS lignes_amont
FROM (SELECT COUNT(*) AS lignes FROM {{ model }}) AS aval
CROSS JOIN (SELECT COUNT(*) AS lignes FROM {{ amont }}) AS amont
WHERE aval.lignes <> amont.lignes
{% endtest %}
