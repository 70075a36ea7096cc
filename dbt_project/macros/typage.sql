{#
    Text of raw to types. Three outcomes, never a fourth: a clean value is typed; a missing or secret one is NULL
    (never zero); anything else stops the build, and PostgreSQL's message shows the column and the value.
#}

{# Trimmed text without thin, narrow or non-breaking spaces around; empty is NULL. #}
{% macro texte(colonne) -%}
    NULLIF(BTRIM({{ colonne }}, E' \t\r\n\u00a0\u2009\u202f\ufeff'), '')
{%- endmacro %}

{# What upstream writes where it has nothing to say. #}
{% macro est_absent(colonne) -%}
    COALESCE(LOWER(BTRIM({{ colonne }}, E' \t\r\n\u00a0\u2009\u202f')), '') IN ('', '-', 's', 'nd', 'ns', 'na', 'n/a', 'null', 'non renseigné')
{%- endmacro %}

{# Statistical secrecy, said by upstream: not the same as a value nobody collected. #}
{% macro est_secret(colonne) -%}
    COALESCE(LOWER(BTRIM({{ colonne }}, E' \t\r\n\u00a0\u2009\u202f')), '') IN ('s', 'ns', 'nd')
{%- endmacro %}

{# « 12 394 » -> 12394, « 486.0 » -> 486; « 486.5 » stops the build. #}
{% macro entier(colonne, type='integer') -%}
    {{ _nombre(colonne, '^[+-]?[0-9]+(\\.0+)?$', type) }}
{%- endmacro %}

{# « 1 234,5 » -> 1234.5, as double precision. #}
{% macro decimal(colonne) -%}
    {{ _nombre(colonne, '^[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(e[+-]?[0-9]+)?$', 'double precision') }}
{%- endmacro %}

{% macro _nombre(colonne, motif, type) -%}
    {%- set propre -%}
        REPLACE(TRANSLATE(LOWER({{ colonne }}), E' \t\r\n\u00a0\u2009\u202f', ''), ',', '.')
    {%- endset -%}
    CASE
        WHEN {{ colonne }} ~ '^[0-9]{1,9}$' THEN CAST({{ colonne }} AS {{ type }})
        WHEN {{ est_absent(colonne) }} THEN NULL
        WHEN {{ propre }} ~ E'{{ motif }}' THEN CAST(CAST({{ propre }} AS numeric) AS {{ type }})
        ELSE {{ refuser(colonne, type) }}
    END
{%- endmacro %}

{# « 2024-05-31 », « 2024-05-31T10:00:00… » or « 31/05/2024 » -> date. #}
{% macro jour(colonne) -%}
    CASE
        WHEN {{ est_absent(colonne) }} THEN NULL
        WHEN BTRIM({{ colonne }}) ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}' THEN CAST(LEFT(BTRIM({{ colonne }}), 10) AS date)
        WHEN BTRIM({{ colonne }}) ~ '^[0-9]{2}/[0-9]{2}/[0-9]{4}$' THEN TO_DATE(BTRIM({{ colonne }}), 'DD/MM/YYYY')
        ELSE {{ refuser(colonne, 'date') }}
    END
{%- endmacro %}

{# oui/non, true/false, vrai/faux, 1/0 -> boolean. #}
{% macro booleen(colonne) -%}
    CASE
        WHEN {{ est_absent(colonne) }} THEN NULL
        WHEN LOWER(BTRIM({{ colonne }})) IN ('oui', 'o', 'true', 't', 'vrai', '1', '1.0') THEN TRUE
        WHEN LOWER(BTRIM({{ colonne }})) IN ('non', 'n', 'false', 'f', 'faux', '0', '0.0') THEN FALSE
        ELSE {{ refuser(colonne, 'boolean') }}
    END
{%- endmacro %}

{# A cast that cannot succeed, so that the message of the failure names the column and its value. #}
{% macro refuser(colonne, type) -%}
    CAST('valeur inattendue dans {{ colonne | replace("'", "") }} : ' || {{ colonne }} AS {{ type }})
{%- endmacro %}

{# A sum of fractions that does not depend on the order of the rows: the same rows give the same bytes. #}
{% macro somme_exacte(expression) -%}
    CAST(SUM(CAST({{ expression }} AS numeric)) AS double precision)
{%- endmacro %}
