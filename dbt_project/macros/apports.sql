{#
    Rows that the territory itself wrote, once each: a key that two files give is served from one of them (`pilotage
    apports verifier` tells of it), and `cle_territoire` is NULL when the warehouse does not know the territory.
#}
{% macro apports_situes(modele, cle) -%}
    SELECT DISTINCT ON ({% for colonne in cle %}amont.{{ colonne }}{% if not loop.last %}, {% endif %}{% endfor %})
        amont.*,
        territoire.cle_territoire
    FROM {{ ref(modele) }} AS amont
    LEFT JOIN {{ ref('dim_territoires') }} AS territoire
        ON territoire.niveau = amont.niveau AND territoire.code_territoire = amont.code_territoire
    ORDER BY {% for colonne in cle %}amont.{{ colonne }}, {% endfor %}amont.livraison
{%- endmacro %}
