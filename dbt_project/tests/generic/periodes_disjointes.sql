{# No two periods of one thing overlap, and one at most is still open. #}
{% test periodes_disjointes(model, cle, debut, fin) %}
SELECT a.{{ cle }}, a.{{ debut }}, b.{{ debut }} AS autre_debut
FROM {{ model }} AS a
INNER JOIN {{ model }} AS b ON b.{{ cle }} = a.{{ cle }} AND b.{{ debut }} > a.{{ debut }}
WHERE a.{{ fin }} IS NULL OR b.{{ debut }} < a.{{ fin }}
{% endtest %}
