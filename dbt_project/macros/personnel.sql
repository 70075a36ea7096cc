{#
    A text without the e-mail addresses, telephone numbers and names of persons that somebody typed in it (an address
    that reads « 6 rue Litolff · 03 80 … », « 3 rue Louis Lang / Mme … »). The patterns are those that stop an export: pilotage/valeurs_personnelles.py.
#}
{% macro sans_coordonnees(colonne) -%}
    NULLIF(BTRIM(REGEXP_REPLACE(REGEXP_REPLACE(REGEXP_REPLACE(REGEXP_REPLACE(
        REGEXP_REPLACE(REGEXP_REPLACE({{ colonne }}, '{{ motif_courriel() }}', '', 'g'),
            '{{ motif_telephone() }}', '\1\5', 'g'),
        '{{ motif_telephone_barre() }}', '\1\7', 'g'
    ), '{{ motif_personne() }}', '\1', 'g'), '{{ motif_personne_tiret() }}', '\1', 'g'), '{{ motif_contact() }}', '\1', 'g'), E' ·,;:-\n\r'), '')
{%- endmacro %}

{% macro motif_courriel() -%}
[A-Za-z0-9_.+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}
{%- endmacro %}

{% macro motif_personne() -%}
((^|[\n\r·;:,]) *|([Cc]hez|CHEZ|omicile de|OMICILE DE|[cC]/[oO]|ttention de) +)(MM?\.|Mr\.?|Mmes?|Mlle|Monsieur|Madame|Mademoiselle) +[A-ZÀ-ÖØ-Þ][^\n\r·;,]*
{%- endmacro %}

{% macro motif_personne_tiret() -%}
( - *)(MM?\.|Mr\.?|Mmes?|Mlle) +[A-ZÀ-ÖØ-Þ][^\n\r·;,]*
{%- endmacro %}

{% macro motif_contact() -%}
(([Cc]ontact|CONTACT|[Rr]éférente?|[Rr]esponsable|[Ii]nterlocuteur|[Ii]nterlocutrice) *: *)[A-ZÀ-ÖØ-Þ][A-Za-zà-öø-ÿ-]+ +[A-ZÀ-ÖØ-Þ]{2}[^\n\r·;,]*
{%- endmacro %}

{% macro motif_telephone() -%}
(^|[^0-9A-Za-z.\-]|[^0-9A-Za-z][.\-]|[A-Za-z]\.)((\+|00)[0-9]{2,3}[ \t\u00a0\u2009\u202f.-]{0,3}(?:\(0\)[ \t\u00a0\u2009\u202f.-]{0,3})?[1-9]|0[1-9])([ \t\u00a0\u2009\u202f.-]{0,3}[0-9]{2}){4}($|[^0-9A-Za-z])
{%- endmacro %}

{# Four groups of digits after slashes, or one slash then gaps: the groups that are kept are the first and the last. #}
{% macro motif_telephone_barre() -%}
(^|[^0-9A-Za-z./\-])((\+|00)[0-9]{2,3}[ \t\u00a0\u2009\u202f.-]{0,3}(?:\(0\)[ \t\u00a0\u2009\u202f.-]{0,3})?[1-9]|0[1-9])(( ?/ ?[0-9]{2}){4}| ?/ ?[0-9]{2}([ \t\u00a0\u2009\u202f.-]{1,3}[0-9]{2}){3})($|[^0-9A-Za-z])
{%- endmacro %}
