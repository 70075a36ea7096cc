{# Everything of a generation lives in `<schéma>__<génération>`; publication renames the schemas, never the tables. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}__{{ env_var('PILOTAGE_GENERATION') }}
{%- endmacro %}

{% macro create_extensions() %}
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE EXTENSION IF NOT EXISTS unaccent;
{% endmacro %}

{# The planner of the next model needs the statistics now; autovacuum comes too late. #}
{% macro analyser() %}
    {%- if model.config.materialized in ('table', 'incremental') -%} ANALYZE {{ this }} {%- endif -%}
{% endmacro %}
