{# Levels that each cover the whole country add up to the same totals. #}
{% test total_par_niveau(model, niveaux, mesures) %}
WITH totaux AS (
    SELECT niveau {% for mesure in mesures %}, SUM({{ mesure }}) AS {{ mesure }} {% endfor %}
    FROM {{ model }}
    WHERE niveau IN ('{{ niveaux | join("', '") }}')
    GROUP BY niveau
)

SELECT *
FROM totaux
WHERE ({{ mesures | join(', ') }}) <> (SELECT {{ mesures | join(', ') }} FROM totaux WHERE niveau = '{{ niveaux[-1] }}')
{% endtest %}
