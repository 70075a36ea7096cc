{# Every row keeps the expression true; NULL is not false (a missing value breaks no promise). #}
{% test vrai(model, expression, filtre='TRUE', column_name=none) %}
SELECT * FROM {{ model }} WHERE {{ filtre }} AND NOT ({{ expression }})
{% endtest %}
