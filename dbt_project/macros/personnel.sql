{#
    A text without the e-mail addresses and telephone numbers that somebody typed in it (an address that reads
    « 6 rue Litolff · 03 80 … »). The patterns are those that stop an export: pilotage/valeurs_personnelles.py.
#}
{% macro sans_coordonnees(colonne) -%}
    NULLIF(BTRIM(REGEXP_REPLACE(
        REGEXP_REPLACE({{ colonne }}, '{{ motif_courriel() }}', '', 'g'),
        '{{ motif_telephone() }}', '\1\5', 'g'
    ), ' ·,;:-'), '')
{%- endmacro %}

{% macro motif_courriel() -%}
[A-Za-z0-9_.+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}
{%- endmacro %}

{% macro motif_telephone() -%}
(^|[^0-9A-Za-z.\-]|[^0-9A-Za-z][.\-]|[A-Za-z]\.)((\+|00)[0-9]{2,3}[ .-]?[1-9]|0[1-9])([ .-]?[0-9]{2}){4}($|[^0-9A-Za-z])
{%- endmacro %}
