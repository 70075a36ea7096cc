{#
    Rows of a staging model of places, each with its commune of today (`lieu.code_commune`, NULL when nothing tells it),
    how it was found, and the real place that it is in `dim_lieux` (latest millésime only). No row is lost.
#}
{% macro jointures_lieux(source, id_source) -%}
    LEFT JOIN {{ ref('fiches_millesimes') }} AS fiche ON fiche.source = '{{ source }}' AND fiche.millesime = amont.millesime
    LEFT JOIN {{ ref('int_lieux_localises') }} AS lieu
        ON lieu.source = '{{ source }}' AND lieu.millesime = amont.millesime AND lieu.id_source = {{ id_source }}
    LEFT JOIN {{ ref('pont_lieux_sources') }} AS pont
        ON pont.source = '{{ source }}' AND pont.millesime = amont.millesime AND pont.id_source = {{ id_source }}
{%- endmacro %}

{# Columns that every fact of places carries. #}
{% macro colonnes_lieux() -%}
    amont.millesime,
    fiche.date_donnees,
    pont.id_lieu,
    lieu.code_commune,
    CASE WHEN lieu.code_commune IS NOT NULL THEN 'commune:' || lieu.code_commune END AS cle_territoire,
    lieu.methode_commune,
    lieu.latitude,
    lieu.longitude
{%- endmacro %}

{% macro cles_lieux(cle) -%}
    {{ contraintes([cle, 'millesime'], {'cle_territoire': ['dim_territoires', 'cle_territoire'], 'id_lieu': ['dim_lieux', 'id_lieu']}) }}
{%- endmacro %}
