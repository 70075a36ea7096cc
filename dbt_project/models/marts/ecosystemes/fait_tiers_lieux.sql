-- Grain : une ligne par tiers-lieu d'un programme national (fabrique de territoire, manufacture de proximité) et par millésime.
-- depends_on: {{ ref('dim_territoires') }}, {{ ref('dim_lieux') }}
{{ config(post_hook="{{ cles_lieux('id_tiers_lieu') }}") }}
{% for programme, source, cle in [
    ('fabrique', 'anct__fabriques_de_territoire', 'id_fabrique'), ('manufacture', 'anct__manufactures_proximite', 'id_manufacture')] %}
SELECT
    amont.{{ cle }} AS id_tiers_lieu,
    '{{ programme }}' AS programme,
    {{ colonnes_lieux() }},
    amont.nom
FROM {{ ref('stg_' ~ source) }} AS amont
{{ jointures_lieux(source, 'amont.' ~ cle) }}
{% if not loop.last %}UNION ALL{% endif %}
{% endfor %}
