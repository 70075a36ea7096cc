{#
    Refuse to build when a later attempt at the same step has begun: what `pilotage.suivi` says of a stale worker. Read when it runs
    only: a token read while dbt parses would have every axis parse the whole project again.
#}
{% macro refuser_perime() %}
  {%- set jeton = fromjson(env_var('PILOTAGE_JETON', '') or 'null') if execute is not defined or execute else none -%}
  {%- if jeton -%}
    DO $$
    BEGIN
      IF EXISTS (
        SELECT FROM pilotage.etapes
        WHERE etape = '{{ jeton.etape }}' AND objet = '{{ jeton.objet }}' AND id > {{ jeton.id }}
      ) THEN
        RAISE EXCEPTION 'essai périmé : un essai plus récent de la même étape a commencé';
      END IF;
    END $$
  {%- endif -%}
{% endmacro %}
