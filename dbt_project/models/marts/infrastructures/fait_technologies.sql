-- Grain : une ligne par commune actuelle et millésime. Chaque local compte une fois, sous sa meilleure technologie.
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ contraintes(['code_commune', 'millesime'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
{% set mesures = ['locaux', 'locaux_8_et_plus', 'locaux_fibre', 'locaux_cable', 'locaux_cuivre', 'locaux_radio', 'locaux_4g_fixe', 'locaux_satellite'] %}
WITH livres AS MATERIALIZED ({{ communes_actuelles(ref('stg_arcep__technologies'), 'arcep__technologies') }}),

recenses AS ({{ communes_actuelles(ref('stg_arcep__technologies__locaux'), 'arcep__technologies') }}),

comptes AS (
    SELECT code_actuel, millesime, SUM(locaux * part) AS locaux FROM recenses GROUP BY code_actuel, millesime
)

SELECT
    livres.code_actuel AS code_commune,
    territoire.cle_territoire,
    livres.millesime,
    MAX(livres.date_donnees) AS date_donnees,
    {% for mesure in mesures %}
    CASE WHEN COUNT(livres.{{ mesure }}) = COUNT(*) THEN SUM(livres.{{ mesure }} * livres.part) END AS {{ mesure }},
    {% endfor %}
    MAX(comptes.locaux) AS locaux_recenses
FROM livres
LEFT JOIN comptes ON comptes.code_actuel = livres.code_actuel AND comptes.millesime = livres.millesime
LEFT JOIN {{ ref('dim_territoires') }} AS territoire ON territoire.cle_territoire = 'commune:' || livres.code_actuel
GROUP BY livres.code_actuel, territoire.cle_territoire, livres.millesime
