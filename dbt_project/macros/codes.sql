{# Commune code on five characters: zeros lost by a spreadsheet come back, « 1001.0 » too, « 2a004 » is 2A004. #}
{% macro code_commune(colonne) -%}
    {{ _code(colonne, 5) }}
{%- endmacro %}

{# Postcode on five digits; « 75001 Cedex » and the like are not one: NULL. #}
{% macro code_postal(colonne) -%}
    {{ conforme(_code(colonne, 5), '^[0-9]{5}$') }}
{%- endmacro %}

{# Commune code typed by hand in a list of places: « 0null » is NULL, the place is then found by its address. #}
{% macro code_commune_saisi(colonne) -%}
    {{ conforme(_code(colonne, 5), motif_commune()) }}
{%- endmacro %}

{# The form that gate 1 asks (pilotage/formes.py): a large simulated country has more départements than two digits. #}
{% macro motif_commune() -%}
    {{ '^[0-9A-Z]{2}[0-9]{3}$' if env_var('PILOTAGE_EST_SIMULE', 'false') == 'true' else '^([0-9]{2}|2[AB])[0-9]{3}$' }}
{%- endmacro %}

{# Département: « 1 » -> 01, « 2a » -> 2A, « 971 » stays. #}
{% macro code_departement(colonne) -%}
    {{ _code(colonne, 2) }}
{%- endmacro %}

{% macro code_region(colonne) -%}
    {{ _code(colonne, 2) }}
{%- endmacro %}

{# SIREN and SIRET typed by hand: zeros only, or another number of digits, mean « unknown ». #}
{% macro siren(colonne) -%}
    NULLIF({{ conforme(_code(colonne, 9), '^[0-9]{9}$') }}, '000000000')
{%- endmacro %}

{% macro siret(colonne) -%}
    NULLIF({{ conforme(_code(colonne, 14), '^[0-9]{14}$') }}, '00000000000000')
{%- endmacro %}

{# The value when it has the shape, else NULL. #}
{% macro conforme(valeur, motif) -%}
    SUBSTRING({{ valeur }} FROM '{{ motif.replace("(", "(?:") }}')
{%- endmacro %}

{# One zero lost by a spreadsheet comes back; two or more would be a guess. #}
{% macro _code(colonne, longueur) -%}
    {%- set propre -%}
        UPPER(REGEXP_REPLACE({{ texte(colonne) }}, '\.0+$', ''))
    {%- endset -%}
    CASE
        WHEN {{ colonne }} ~ '^[0-9A-Z]{{ "{" ~ longueur ~ "}" }}$' THEN {{ colonne }}
        WHEN LENGTH({{ propre }}) = {{ longueur - 1 }} THEN '0' || {{ propre }}
        ELSE {{ propre }}
    END
{%- endmacro %}

{# Département of a commune code: 97x and 98x on three characters. #}
{% macro departement_de(code_commune) -%}
    CASE WHEN {{ code_commune }} LIKE '97%' OR {{ code_commune }} LIKE '98%'
        THEN LEFT({{ code_commune }}, 3) ELSE LEFT({{ code_commune }}, 2) END
{%- endmacro %}
