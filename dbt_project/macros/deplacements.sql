{# Travel assumptions: the same figures as the recommender's (`models_ml/parametres/deplacements.yml`); a test compares them. #}
{% macro vitesse_kmh(niveau_densite) -%}
    CASE {{ niveau_densite }}
        {%- for niveau, vitesse in var('deplacements').vitesses_kmh.items() %}
        WHEN {{ niveau }} THEN {{ vitesse }}
        {%- endfor %}
        ELSE {{ var('deplacements').vitesse_sans_densite_kmh }}
    END
{%- endmacro %}

{# 0 on the mainland side, k on the k-th island without a fixed link. #}
{% macro ile(code_commune) -%}
    CASE
        {%- for communes in var('deplacements').iles %}
        WHEN {{ code_commune }} IN ('{{ communes | join("', '") }}') THEN {{ loop.index }}
        {%- endfor %}
        ELSE 0
    END
{%- endmacro %}

{# Half the way at each end's speed. #}
{% macro minutes(km, vitesse_depart, vitesse_arrivee) -%}
    {{ km }} * {{ var('deplacements').detour }} * 30 * (1.0 / {{ vitesse_depart }} + 1.0 / {{ vitesse_arrivee }})
{%- endmacro %}

{# Within a commune that holds `sites` sites: half the root of the area of each, up to the ceiling. #}
{% macro km_internes(superficie_km2, sites) -%}
    LEAST(
        {{ var('deplacements').interne_facteur }}
        * SQRT(COALESCE(NULLIF({{ superficie_km2 }}, 0), {{ var('deplacements').superficie_sans_mesure_km2 }}) / {{ sites }}),
        {{ var('deplacements').interne_plafond_km }}
    )
{%- endmacro %}
