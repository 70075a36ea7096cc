{#
    Measures that exist only by département, or only for France as a whole: same columns as communal ones, with
    `code_departement` (or nothing) in place of `code_commune`. They are added up by the bridge of whole départements.
#}
{% macro sommes_departements(mesures) -%}
    SELECT
        pont.cle_territoire,
        mesure.code_indicateur,
        mesure.millesime,
        MAX(mesure.date_donnees) AS date_donnees,
        SUM(mesure.numerateur) AS numerateur,
        SUM(mesure.denominateur) AS denominateur,
        SUM(mesure.part_observee * pont.population) AS population_observee
    FROM {{ mesures }} AS mesure
    INNER JOIN {{ ref('pont_departements_territoires') }} AS pont ON pont.code_departement = mesure.code_departement
    GROUP BY pont.cle_territoire, mesure.code_indicateur, mesure.millesime
{%- endmacro %}

{% macro sommes_nationales(mesures) -%}
    SELECT
        territoire.cle_territoire,
        mesure.code_indicateur,
        mesure.millesime,
        mesure.date_donnees,
        mesure.numerateur,
        mesure.denominateur,
        mesure.part_observee * territoire.population AS population_observee
    FROM {{ mesures }} AS mesure
    INNER JOIN {{ ref('dim_territoires') }} AS territoire ON territoire.niveau = 'france'
{%- endmacro %}

{# Things counted by département per inhabitant: {code: aggregate} over a fact keyed by `code_departement`. #}
{% macro mesures_par_habitant_departement(fait, comptes, filtre='TRUE') -%}
    {% for code, compte in comptes.items() %}
    SELECT
        fait.code_departement,
        '{{ code }}' AS code_indicateur,
        fait.millesime,
        fait.date_donnees,
        CAST({{ compte }} AS double precision) AS numerateur,
        CAST(departement.population AS double precision) AS denominateur,
        CAST(1 AS double precision) AS part_observee
    FROM {{ ref(fait) }} AS fait
    INNER JOIN {{ ref('dim_territoires') }} AS departement ON departement.cle_territoire = 'departement:' || fait.code_departement
    WHERE {{ filtre }}
    GROUP BY fait.code_departement, fait.millesime, fait.date_donnees, departement.population
    HAVING {{ compte }} IS NOT NULL
    {% if not loop.last %}UNION ALL{% endif %}
    {% endfor %}
{%- endmacro %}
