{# The shares of one thing add up to one. #}
{% test somme_vaut_un(model, colonne, groupe) %}
SELECT {{ groupe | join(', ') }}, SUM({{ colonne }}) AS total
FROM {{ model }}
GROUP BY {{ groupe | join(', ') }}
HAVING ABS(SUM({{ colonne }}) - 1) > 1e-9
{% endtest %}
