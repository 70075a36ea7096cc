-- Grain : une ligne par commune actuelle et relevé du référentiel de la présence numérique des territoires (RPNT).
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ contraintes(['code_commune', 'millesime'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
{% set niveaux = {
    'nb_conformes': 'a', 'nb_conformes_renforces': 'aa', 'nb_sites_conformes': '1.a', 'nb_messageries_conformes': '2.a',
} %}
WITH communes AS (
    SELECT * FROM {{ ref('stg_anct__presence_numerique') }} WHERE type_collectivite = 'commune' AND criteres IS NOT NULL
),

releves AS (
    {{ communes_actuelles('communes', 'anct__presence_numerique') }}
)

SELECT
    releves.code_actuel AS code_commune,
    MAX(territoire.cle_territoire) AS cle_territoire,
    releves.millesime,
    MAX(releves.date_donnees) AS date_donnees,
    SUM(releves.part) AS nb_communes_relevees,
    {% for nom, niveau in niveaux.items() %}
    SUM(releves.part * ('{{ niveau }}' = ANY(releves.criteres))::integer) AS {{ nom }},
    {% endfor %}
    MAX(CARDINALITY(releves.criteres)) AS nb_criteres_max
FROM releves
INNER JOIN {{ ref('dim_territoires') }} AS territoire ON territoire.cle_territoire = 'commune:' || releves.code_actuel
GROUP BY releves.code_actuel, releves.millesime
