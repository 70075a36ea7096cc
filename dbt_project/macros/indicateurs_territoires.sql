{#
    Communal measures -> `indicateurs_<axe>`: every territory of the bridge. `mesures` is the name of the CTE; `departements`
    and `nationales` those of what is known by département or for France only.
#}
{% macro indicateurs_des_territoires(mesures, departements=none, nationales=none) -%}
    SELECT
        sommes.cle_territoire,
        territoire.niveau,
        territoire.code_territoire,
        sommes.code_indicateur,
        sommes.millesime,
        sommes.date_donnees,
        sommes.numerateur,
        sommes.denominateur,
        indicateur.facteur * sommes.numerateur / sommes.denominateur AS valeur,
        indicateur.unite,
        indicateur.sens,
        LEAST(100 * sommes.population_observee / NULLIF(territoire.population, 0), 100) AS couverture_population_pct,
        FALSE AS est_secret,
        indicateur.source
    FROM (
        SELECT
            pont.cle_territoire,
            mesure.code_indicateur,
            mesure.millesime,
            MAX(mesure.date_donnees) AS date_donnees,
            SUM(mesure.numerateur) AS numerateur,
            SUM(mesure.denominateur) AS denominateur,
            SUM(mesure.part_observee * commune.population) AS population_observee
        FROM {{ mesures }} AS mesure
        INNER JOIN {{ ref('dim_communes') }} AS commune ON commune.code_commune = mesure.code_commune AND commune.est_actuelle
        INNER JOIN {{ ref('pont_communes_territoires') }} AS pont
            ON pont.code_commune = mesure.code_commune AND pont.niveau <> 'commune'
        GROUP BY pont.cle_territoire, mesure.code_indicateur, mesure.millesime
        UNION ALL
        -- A commune is its own only member: nothing to add up, and five rows in six of the table.
        SELECT
            pont.cle_territoire,
            mesure.code_indicateur,
            mesure.millesime,
            mesure.date_donnees,
            mesure.numerateur,
            mesure.denominateur,
            mesure.part_observee * commune.population AS population_observee
        FROM {{ mesures }} AS mesure
        INNER JOIN {{ ref('dim_communes') }} AS commune ON commune.code_commune = mesure.code_commune AND commune.est_actuelle
        INNER JOIN {{ ref('pont_communes_territoires') }} AS pont
            ON pont.code_commune = mesure.code_commune AND pont.niveau = 'commune'
        {%- if departements %}
        UNION ALL
        {{ sommes_departements(departements) }}
        {%- endif %}
        {%- if nationales %}
        UNION ALL
        {{ sommes_nationales(nationales) }}
        {%- endif %}
    ) AS sommes
    INNER JOIN {{ ref('dim_territoires') }} AS territoire ON territoire.cle_territoire = sommes.cle_territoire
    INNER JOIN {{ ref('indicateurs') }} AS indicateur ON indicateur.code_indicateur = sommes.code_indicateur
    WHERE sommes.denominateur > 0
        AND {{ rang_niveau('territoire.niveau') }} >= {{ rang_niveau('indicateur.niveau_min') }}
{%- endmacro %}

{% macro cles_indicateurs() -%}
    {{ contraintes(['cle_territoire', 'code_indicateur', 'millesime'], {
        'cle_territoire': ['dim_territoires', 'cle_territoire'], 'code_indicateur': ['dim_indicateurs', 'code_indicateur'],
    }) }}
{%- endmacro %}

{# Levels from the finest to the widest; a territory of one's own is as wide as its members make it: always served. #}
{% macro rang_niveau(colonne) -%}
    CASE {{ colonne }} WHEN 'commune' THEN 1 WHEN 'epci' THEN 2 WHEN 'bassin_vie' THEN 2 WHEN 'crte' THEN 3 WHEN 'departement' THEN 4
        WHEN 'region' THEN 5 ELSE 6 END
{%- endmacro %}
