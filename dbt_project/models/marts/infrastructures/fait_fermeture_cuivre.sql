-- Grain : une ligne par commune actuelle et millésime.
-- Arrondissements and communes merged since may close at different dates: shares are weighed by their people of then.
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ contraintes(['code_commune', 'millesime'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
WITH livres AS ({{ communes_actuelles(ref('stg_economie__fermeture_cuivre'), 'economie__fermeture_cuivre') }}),

peses AS MATERIALIZED (
    SELECT livres.*, livres.part * COALESCE(population.population_municipale, 0) AS poids
    FROM livres
    LEFT JOIN {{ ref('int_populations_epoque') }} AS population
        ON population.date_reference = livres.geographie AND population.code_commune = livres.code_commune
)

SELECT
    peses.code_actuel AS code_commune,
    territoire.cle_territoire,
    peses.millesime,
    MAX(peses.date_donnees) AS date_donnees,
    CASE WHEN COUNT(DISTINCT peses.etat) = 1 THEN MAX(peses.etat) ELSE 'partagé' END AS etat,
    MIN(peses.date_fermeture) AS date_premiere_fermeture,
    MAX(peses.date_fermeture) AS date_derniere_fermeture,
    {% for nom, etats in {'part_fermee': "('fermé')", 'part_datee': "('fermé', 'prévu')"}.items() %}
    CASE
        WHEN BOOL_AND(peses.etat IN {{ etats }}) THEN 1
        WHEN NOT BOOL_OR(peses.etat IN {{ etats }}) THEN 0
        ELSE SUM(peses.poids) FILTER (WHERE peses.etat IN {{ etats }}) / NULLIF(SUM(peses.poids), 0)
    END AS {{ nom }}{{ ',' if not loop.last }}
    {% endfor %}
FROM peses
LEFT JOIN {{ ref('dim_territoires') }} AS territoire ON territoire.cle_territoire = 'commune:' || peses.code_actuel
GROUP BY peses.code_actuel, territoire.cle_territoire, peses.millesime
