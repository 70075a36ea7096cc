{#
    An indicator is declared by communal measures (numerator, denominator, part of the population observed); the one
    bridge adds them up to every level, and only there are they divided.
#}

{# A ratio that the facts hold: {code: numerator}, one denominator. #}
{% macro mesures_rapport(fait, numerateurs, denominateur, millesime='millesime', part_observee='1', filtre='TRUE') -%}
    {% for code, numerateur in numerateurs.items() %}
    SELECT
        code_commune,
        '{{ code }}' AS code_indicateur,
        {{ millesime }} AS millesime,
        date_donnees,
        CAST({{ numerateur }} AS double precision) AS numerateur,
        CAST({{ denominateur }} AS double precision) AS denominateur,
        CAST({{ part_observee }} AS double precision) AS part_observee
    FROM {{ ref(fait) }}
    WHERE {{ numerateur }} IS NOT NULL AND {{ denominateur }} > 0 AND {{ filtre }}
    {% if not loop.last %}UNION ALL{% endif %}
    {% endfor %}
{%- endmacro %}

{# A score weighted by the population: {code: score}. #}
{% macro mesures_score(fait, scores, filtre='TRUE') -%}
    {% for code, score in scores.items() %}
    SELECT
        fait.code_commune,
        '{{ code }}' AS code_indicateur,
        fait.millesime,
        fait.date_donnees,
        fait.{{ score }} * commune.population AS numerateur,
        CAST(commune.population AS double precision) AS denominateur,
        CAST(fait.part_observee AS double precision) AS part_observee
    FROM {{ ref(fait) }} AS fait
    INNER JOIN {{ ref('dim_communes') }} AS commune ON commune.code_commune = fait.code_commune AND commune.est_actuelle
    WHERE fait.{{ score }} IS NOT NULL AND commune.population > 0 AND {{ filtre }}
    {% if not loop.last %}UNION ALL{% endif %}
    {% endfor %}
{%- endmacro %}

{#
    Things counted per inhabitant: {code: aggregate}. A commune without any is a true zero only where the list covers it:
    everywhere for a national list; else in the regions of which it holds at least `liste_regionale_min_lieux` things.
#}
{% macro mesures_par_habitant(fait, comptes, nationale=true) -%}
    {% for code, compte in comptes.items() %}
    SELECT
        commune.code_commune,
        '{{ code }}' AS code_indicateur,
        liste.millesime,
        liste.date_donnees,
        CAST(COALESCE(compte.nombre, 0) AS double precision) AS numerateur,
        CAST(commune.population AS double precision) AS denominateur,
        CAST(1 AS double precision) AS part_observee
    FROM (
        {%- if nationale %}
        SELECT DISTINCT millesime, date_donnees FROM {{ ref(fait) }}
        {%- else %}
        SELECT fait.millesime, fait.date_donnees, commune.code_region
        FROM {{ ref(fait) }} AS fait
        INNER JOIN {{ ref('dim_communes') }} AS commune ON commune.code_commune = fait.code_commune AND commune.est_actuelle
        GROUP BY fait.millesime, fait.date_donnees, commune.code_region
        HAVING COUNT(*) >= {{ var('liste_regionale_min_lieux') }}
        {%- endif %}
    ) AS liste
    INNER JOIN {{ ref('dim_communes') }} AS commune
        ON commune.est_actuelle AND commune.population > 0 {% if not nationale %}AND commune.code_region = liste.code_region{% endif %}
    LEFT JOIN (
        SELECT code_commune, millesime, {{ compte }} AS nombre FROM {{ ref(fait) }} GROUP BY code_commune, millesime
    ) AS compte ON compte.code_commune = commune.code_commune AND compte.millesime = liste.millesime
    {% if not loop.last %}UNION ALL{% endif %}
    {% endfor %}
{%- endmacro %}
