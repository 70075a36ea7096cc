{# The columns together name one row, and none of them is missing. #}
{% test cle_unique(model, colonnes) %}
SELECT {{ colonnes | join(', ') }}
FROM {{ model }}
GROUP BY {{ colonnes | join(', ') }}
HAVING COUNT(*) > 1 {% for colonne in colonnes %}OR {{ colonne }} IS NULL {% endfor %}
{% endtest %}
