{#
    People who live in a commune that has such a thing, or (avec=false) that has none: {code: condition}. The list is national:
    a commune that is not in it has none.
#}
{% macro mesures_presence(fait, conditions, avec=true, liste='TRUE') -%}
    {% for code, condition in conditions.items() %}
    SELECT
        commune.code_commune,
        '{{ code }}' AS code_indicateur,
        liste.millesime,
        liste.date_donnees,
        CAST(CASE WHEN presents.code_commune IS {{ 'NOT NULL' if avec else 'NULL' }} THEN commune.population ELSE 0 END AS double precision)
            AS numerateur,
        CAST(commune.population AS double precision) AS denominateur,
        CAST(1 AS double precision) AS part_observee
    FROM (SELECT DISTINCT millesime, date_donnees FROM {{ ref(fait) }} WHERE {{ liste }}) AS liste
    INNER JOIN {{ ref('dim_communes') }} AS commune ON commune.est_actuelle AND commune.population > 0
    LEFT JOIN (SELECT DISTINCT code_commune, millesime FROM {{ ref(fait) }} WHERE {{ condition }}) AS presents
        ON presents.code_commune = commune.code_commune AND presents.millesime = liste.millesime
    {% if not loop.last %}UNION ALL{% endif %}
    {% endfor %}
{%- endmacro %}

{# People whose commune or grouping publishes its deliberations at the national schema. #}
{% macro mesures_deliberations() -%}
    SELECT
        commune.code_commune,
        'deliberations_population' AS code_indicateur,
        liste.millesime,
        liste.date_donnees,
        CAST(CASE WHEN propre.code_commune IS NULL AND groupement.siren_epci IS NULL THEN 0 ELSE commune.population END AS double precision)
            AS numerateur,
        CAST(commune.population AS double precision) AS denominateur,
        CAST(1 AS double precision) AS part_observee
    FROM (SELECT DISTINCT millesime, date_donnees FROM {{ ref('fait_deliberations') }}) AS liste
    INNER JOIN {{ ref('dim_communes') }} AS commune ON commune.est_actuelle AND commune.population > 0
    LEFT JOIN (SELECT DISTINCT code_commune, millesime FROM {{ ref('fait_deliberations') }}) AS propre
        ON propre.code_commune = commune.code_commune AND propre.millesime = liste.millesime
    LEFT JOIN (SELECT DISTINCT siren_epci, millesime FROM {{ ref('fait_deliberations') }}) AS groupement
        ON groupement.siren_epci = commune.siren_epci AND groupement.millesime = liste.millesime
{%- endmacro %}
