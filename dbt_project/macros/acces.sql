{#
    Travel from commune to commune. Centres meet through a grid as wide as the radius: the nine cells around one hold every
    centre within it, in France and overseas (a degree of longitude is never shorter than 69.5 km there).
#}

{# Today's communes with what travel needs: speed, island, place (also on the unit sphere, where a distance costs no sine). #}
{% macro communes_en_marche() -%}
    SELECT
        code_commune,
        latitude,
        longitude,
        COS(RADIANS(latitude)) * COS(RADIANS(longitude)) AS x,
        COS(RADIANS(latitude)) * SIN(RADIANS(longitude)) AS y,
        SIN(RADIANS(latitude)) AS z,
        superficie_km2,
        {{ vitesse_kmh('niveau_densite') }} AS vitesse,
        {{ ile('code_commune') }} AS ile
    FROM {{ ref('dim_communes') }}
    WHERE est_actuelle AND latitude IS NOT NULL AND longitude IS NOT NULL
{%- endmacro %}

{# One whole number a cell of the grid, and a family within it: a single key, so that the planner can only hash it. #}
{% macro cellule(table, rayon, rang, dx='0', dy='0') -%}
    CAST(((FLOOR({{ table }}.latitude * 110.5 / {{ rayon }}) + {{ dx }}) * 100000
        + FLOOR({{ table }}.longitude * 69.5 / {{ rayon }}) + {{ dy }}) * 1000 + {{ rang }} AS bigint)
{%- endmacro %}

{#
    Pairs (origin, other commune) at most `rayon` km apart. `depuis` and `vers` are CTE with the columns of
    communes_en_marche; with `par_famille` both also have the `rang` of their family and a `cle`, and only meet within one family.
    Chords of the unit sphere are compared; the arc, the project's own distance, is drawn from those kept.
#}
{% macro paires_proches(depuis, vers, rayon, par_famille=false) -%}
    SELECT
        code_commune,
        code_voisin,
        {% if par_famille %}cle,{% endif %}
        vitesse,
        vitesse_voisin,
        est_par_la_route,
        2 * 6371.0088 * ASIN(SQRT(corde_2) / 2) AS km
    FROM (
        SELECT
            origine.code_commune,
            site.code_commune AS code_voisin,
            {% if par_famille %}origine.cle,{% endif %}
            origine.vitesse,
            site.vitesse AS vitesse_voisin,
            origine.ile = site.ile AS est_par_la_route,
            (origine.x - site.x) * (origine.x - site.x) + (origine.y - site.y) * (origine.y - site.y)
            + (origine.z - site.z) * (origine.z - site.z) AS corde_2
        FROM (
            SELECT amont.*, {{ cellule('amont', rayon, 'amont.rang' if par_famille else 0, 'dx', 'dy') }} AS cellule
            FROM {{ vers }} AS amont
            CROSS JOIN GENERATE_SERIES(-1, 1) AS dx
            CROSS JOIN GENERATE_SERIES(-1, 1) AS dy
            OFFSET 0
        ) AS site
        INNER JOIN (
            SELECT amont.*, {{ cellule('amont', rayon, 'amont.rang' if par_famille else 0) }} AS cellule FROM {{ depuis }} AS amont OFFSET 0
        ) AS origine ON origine.cellule = site.cellule
        WHERE origine.code_commune <> site.code_commune
        OFFSET 0
    ) AS paires
    WHERE corde_2 <= POWER(2 * SIN({{ rayon }} / (2 * 6371.0088)), 2)
{%- endmacro %}

{# For each origin (or origin and family, `cle`), the nearest site and the soonest reached within `rayon` km. #}
{% macro plus_proches(depuis, vers, rayon, cle='cle') -%}
    SELECT
        {{ cle }},
        MIN(km) AS distance_km,
        MIN({{ minutes('km', 'vitesse', 'vitesse_voisin') }}) FILTER (WHERE est_par_la_route) AS temps_min
    FROM (
        {{ paires_proches(depuis, vers, rayon, par_famille=(cle == 'cle')) }}
    ) AS proches
    GROUP BY {{ cle }}
{%- endmacro %}

{# No site farther than `rayon` km can be reached sooner than this: half of the way at the origin's speed, half at the highest. #}
{% macro minutes_au_dela(rayon, vitesse) -%}
    {{ minutes(rayon, vitesse, (var('deplacements').vitesses_kmh.values() | list + [var('deplacements').vitesse_sans_densite_kmh]) | max) }}
{%- endmacro %}

{# Access to the families of an axis: one row a commune and family. `familles` is a condition on dim_familles_equipements AS famille. #}
{% macro acces_des_familles(familles) -%}
    SELECT
        acces.code_commune,
        'commune:' || acces.code_commune AS cle_territoire,
        acces.famille,
        famille.theme,
        acces.millesime,
        acces.date_donnees,
        acces.source,
        commune.population,
        acces.nb_equipements,
        acces.distance_km,
        acces.temps_min,
        COALESCE(acces.temps_min > 15, TRUE) AS est_au_dela_15_min,
        COALESCE(acces.temps_min > 30, TRUE) AS est_au_dela_30_min
    FROM {{ ref('int_acces_equipements') }} AS acces
    INNER JOIN {{ ref('dim_familles_equipements') }} AS famille
        ON famille.famille = acces.famille AND {{ familles }}
    INNER JOIN {{ ref('dim_communes') }} AS commune ON commune.code_commune = acces.code_commune AND commune.est_actuelle
{%- endmacro %}
