-- Grain : une ligne par commune actuelle et millésime, pour les seules communes du fichier (au moins un logement social).
-- Up to ten dwellings their state is secret; a sum with a secret part is secret too.
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ contraintes(['code_commune', 'millesime'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
WITH livres AS MATERIALIZED ({{ communes_actuelles(ref('stg_sdes__logements_sociaux'), 'sdes__logements_sociaux') }})

SELECT
    livres.code_actuel AS code_commune,
    territoire.cle_territoire,
    livres.millesime,
    MAX(livres.date_donnees) AS date_donnees,
    SUM(livres.logements_sociaux * livres.part) AS logements_sociaux,
    {% for mesure in ['logements_loues', 'logements_vacants', 'logements_vides'] %}
    CASE WHEN BOOL_AND(NOT livres.est_secret_etat) THEN SUM(livres.{{ mesure }} * livres.part) END AS {{ mesure }},
    {% endfor %}
    BOOL_OR(livres.est_secret_etat) AS est_secret_etat
FROM livres
LEFT JOIN {{ ref('dim_territoires') }} AS territoire ON territoire.cle_territoire = 'commune:' || livres.code_actuel
GROUP BY livres.code_actuel, territoire.cle_territoire, livres.millesime
