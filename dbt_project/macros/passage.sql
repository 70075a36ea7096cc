{#
    Rows of a staging model carried to today's communes: `code_actuel`, and the `part` of the row that goes there (1,
    or less when a commune was split). Amounts are multiplied by `part` and added; a rate is never averaged.
#}
{% macro communes_actuelles(relation, source) -%}
    SELECT
        amont.*,
        fiche.date_donnees,
        fiche.geographie,
        COALESCE(passage.code_commune, amont.code_commune) AS code_actuel,
        COALESCE(passage.part, 1) AS part
    FROM {{ relation }} AS amont
    LEFT JOIN {{ ref('fiches_millesimes') }} AS fiche
        ON fiche.source = '{{ source }}' AND fiche.millesime = amont.millesime
    LEFT JOIN {{ ref('passage_communes') }} AS passage
        ON passage.date_reference = fiche.geographie AND passage.code_ancien = amont.code_commune
{%- endmacro %}

{# The rows of the latest millésime delivered: the only one served when two cannot be compared. #}
{% macro dernier_millesime(alias, amont) -%}
    {{ alias }}.millesime = (SELECT MAX(millesime) FROM {{ ref(amont) }})
{%- endmacro %}
