{# Great-circle distance in metres between two points in degrees, on a sphere of 6 371 008.8 m. #}
{% macro haversine_m(lat1, lon1, lat2, lon2) -%}
    2 * 6371008.8 * ASIN(SQRT(LEAST(1.0,
        POWER(SIN(RADIANS({{ lat2 }} - {{ lat1 }}) / 2), 2)
        + COS(RADIANS({{ lat1 }})) * COS(RADIANS({{ lat2 }})) * POWER(SIN(RADIANS({{ lon2 }} - {{ lon1 }}) / 2), 2)
    )))
{%- endmacro %}

{# Latitude and longitude: out of the globe, or the « 0, 0 » of a failed geocoding, is NULL. #}
{% macro latitude(lat, lon) -%}
    {{ _position(lat, lon, lat) }}
{%- endmacro %}

{% macro longitude(lat, lon) -%}
    {{ _position(lat, lon, lon) }}
{%- endmacro %}

{% macro _position(lat, lon, valeur) -%}
    CASE
        WHEN {{ decimal(lat) }} BETWEEN -90 AND 90 AND {{ decimal(lon) }} BETWEEN -180 AND 180
            AND NOT ({{ decimal(lat) }} = 0 AND {{ decimal(lon) }} = 0)
        THEN {{ decimal(valeur) }}
    END
{%- endmacro %}
