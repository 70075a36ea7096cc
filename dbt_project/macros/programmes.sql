{# Territories of a programme of ANCT (« Nom (code) ; … ») as one row by territory and member. #}
{% macro membres_programme(jeu, programme, dates=false) -%}
    SELECT
        amont._millesime AS millesime,
        '{{ programme }}' AS code_programme,
        {{ texte('amont.id_territoire') }} AS id_territoire,
        {{ texte('amont.lib_territoire') }} AS nom_territoire,
        {% if dates %}{{ jour('amont.date_signature') }}{% else %}CAST(NULL AS date){% endif %} AS date_signature,
        BTRIM(REGEXP_REPLACE(membre.texte, '\s*[(][^()]*[)]\s*$', '')) AS nom_membre,
        SUBSTRING(membre.texte FROM '[(]([0-9A-Z]+)[)]\s*$') AS code_membre
    FROM {{ source('raw', jeu) }} AS amont
    CROSS JOIN LATERAL REGEXP_SPLIT_TO_TABLE(amont.liste_geo, '\s*;\s*') AS membre (texte)
{%- endmacro %}
