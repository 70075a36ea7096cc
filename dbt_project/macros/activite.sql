{#
    Sums by postcode shared among its communes by their population (a postcode is not a commune): a measure that is only served
    from the EPCI up. A commune of the postal base without any report is a true zero: the extract is national.
#}
{% macro mesures_par_code_postal(fait, code, compte) -%}
    SELECT
        commune.code_commune,
        '{{ code }}' AS code_indicateur,
        liste.millesime,
        liste.date_donnees,
        SUM(COALESCE(CAST({{ compte }} AS double precision) * commune.population / NULLIF(poste.population, 0), 0)) AS numerateur,
        CAST(MAX(commune.population) AS double precision) AS denominateur,
        CAST(1 AS double precision) AS part_observee
    FROM (SELECT DISTINCT millesime, date_donnees FROM {{ ref(fait) }}) AS liste
    CROSS JOIN {{ ref('pont_codes_postaux') }} AS pont
    INNER JOIN {{ ref('dim_communes') }} AS commune ON commune.code_commune = pont.code_commune AND commune.est_actuelle AND commune.population > 0
    INNER JOIN (
        SELECT pont.code_postal, SUM(commune.population) AS population
        FROM {{ ref('pont_codes_postaux') }} AS pont
        INNER JOIN {{ ref('dim_communes') }} AS commune ON commune.code_commune = pont.code_commune AND commune.est_actuelle
        GROUP BY pont.code_postal
    ) AS poste ON poste.code_postal = pont.code_postal
    LEFT JOIN {{ ref(fait) }} AS fait ON fait.code_postal = pont.code_postal AND fait.millesime = liste.millesime
    GROUP BY commune.code_commune, liste.millesime, liste.date_donnees
{%- endmacro %}
