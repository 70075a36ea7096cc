{# Commune code on five characters: zeros lost by a spreadsheet come back, « 1001.0 » too, « 2a004 » is 2A004. #}
{% macro code_commune(colonne) -%}
    {{ _code(colonne, 5) }}
{%- endmacro %}

{% macro code_postal(colonne) -%}
    {{ _code(colonne, 5) }}
{%- endmacro %}

{# Département: « 1 » -> 01, « 2a » -> 2A, « 971 » stays. #}
{% macro code_departement(colonne) -%}
    {{ _code(colonne, 2) }}
{%- endmacro %}

{% macro code_region(colonne) -%}
    {{ _code(colonne, 2) }}
{%- endmacro %}

{# SIREN and SIRET of upstream; rows of zeros mean « unknown ». #}
{% macro siren(colonne) -%}
    NULLIF({{ _code(colonne, 9) }}, '000000000')
{%- endmacro %}

{% macro siret(colonne) -%}
    NULLIF({{ _code(colonne, 14) }}, '00000000000000')
{%- endmacro %}

{% macro _code(colonne, longueur) -%}
    {%- set propre -%}
        UPPER(REGEXP_REPLACE({{ texte(colonne) }}, '\.0+$', ''))
    {%- endset -%}
    CASE WHEN LENGTH({{ propre }}) < {{ longueur }} THEN LPAD({{ propre }}, {{ longueur }}, '0') ELSE {{ propre }} END
{%- endmacro %}

{# Département of a commune code: 97x and 98x on three characters. #}
{% macro departement_de(code_commune) -%}
    CASE WHEN {{ code_commune }} LIKE '97%' OR {{ code_commune }} LIKE '98%'
        THEN LEFT({{ code_commune }}, 3) ELSE LEFT({{ code_commune }}, 2) END
{%- endmacro %}
