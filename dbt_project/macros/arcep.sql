{# ARCEP's sheets write the number 0 as « - » (accounting format): there, and only there, a dash is a declared zero. #}
{% macro entier_tiret_nul(colonne) -%}
    CASE WHEN {{ texte(colonne) }} = '-' THEN 0 ELSE {{ entier(colonne) }} END
{%- endmacro %}

{% macro drapeau_tiret(colonne) -%}
    COALESCE({{ texte(colonne) }}, '-') <> '-'
{%- endmacro %}

{# « 2018T1 » -> 2018-03-31. #}
{% macro fin_de_trimestre(trimestre) -%}
    CAST(MAKE_DATE(CAST(LEFT({{ trimestre }}, 4) AS integer), 3 * CAST(RIGHT({{ trimestre }}, 1) AS integer), 1) + INTERVAL '1 month - 1 day' AS date)
{%- endmacro %}

{# Quarters counted from year 0, so that they can be subtracted. #}
{% macro rang_trimestre(trimestre) -%}
    (4 * CAST(LEFT({{ trimestre }}, 4) AS integer) + CAST(RIGHT({{ trimestre }}, 1) AS integer))
{%- endmacro %}
