{#
    Rows that carry a commune code, in today's communes: `commune.code_commune`, NULL when the code is none (overseas
    collectivities, a mistyped code). A place whose commune was split goes where most of the people went.
#}
{% macro jointures_commune(source) -%}
    LEFT JOIN {{ ref('fiches_millesimes') }} AS fiche ON fiche.source = '{{ source }}' AND fiche.millesime = amont.millesime
    LEFT JOIN (
        SELECT DISTINCT ON (date_reference, code_ancien) date_reference, code_ancien, code_commune
        FROM {{ ref('passage_communes') }}
        WHERE date_reference IN (SELECT geographie FROM {{ ref('fiches_millesimes') }} WHERE source = '{{ source }}')
        ORDER BY date_reference, code_ancien, part DESC, code_commune
    ) AS passage ON passage.date_reference = fiche.geographie AND passage.code_ancien = amont.code_commune
    LEFT JOIN {{ ref('dim_communes') }} AS commune
        ON commune.est_actuelle AND commune.code_commune = COALESCE(passage.code_commune, amont.code_commune)
{%- endmacro %}

{% macro colonnes_commune() -%}
    fiche.date_donnees,
    commune.code_commune,
    'commune:' || commune.code_commune AS cle_territoire
{%- endmacro %}

{% macro cles_communales(cle) -%}
    {{ contraintes(cle, {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}
{%- endmacro %}
