-- Grain : une ligne par commune actuelle et millésime du recensement (comparateur de territoires).
-- Everything here adds up; missing in one part of a merged commune: missing in the whole.
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ contraintes(['code_commune', 'millesime'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
{% set mesures = ['population', 'population_15_64', 'actifs_15_64', 'chomeurs_15_64', 'menages', 'logements', 'residences_principales',
    'residences_secondaires', 'logements_vacants', 'emplois', 'etablissements'] %}
WITH livres AS ({{ communes_actuelles(ref('stg_insee__comparateur_territoires'), 'insee__comparateur_territoires') }}),

arrondissements AS (
    SELECT code_commune FROM {{ ref('stg_insee__communes') }} WHERE nature = 'ARM'
)

SELECT
    code_actuel AS code_commune,
    'commune:' || code_actuel AS cle_territoire,
    millesime,
    MAX(date_donnees) AS date_donnees,
    {% for mesure in mesures %}
    CASE WHEN COUNT({{ mesure }}) = COUNT(*) THEN {{ somme_exacte(mesure ~ ' * part') }} END AS {{ mesure }},
    {% endfor %}
    CASE WHEN COUNT(superficie_km2) = COUNT(*) AND MIN(part) = 1 THEN {{ somme_exacte('superficie_km2') }} END AS superficie_km2
FROM livres
WHERE code_commune NOT IN (SELECT code_commune FROM arrondissements)
GROUP BY code_actuel, millesime
