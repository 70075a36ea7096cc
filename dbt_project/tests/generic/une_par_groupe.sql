{# One row at most for each group, where the filter holds. #}
{% test une_par_groupe(model, groupe, filtre='TRUE') %}
SELECT {{ groupe | join(', ') }}, COUNT(*) AS nombre
FROM {{ model }}
WHERE {{ filtre }}
GROUP BY {{ groupe | join(', ') }}
HAVING COUNT(*) > 1
{% endtest %}
