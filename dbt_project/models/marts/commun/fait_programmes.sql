-- Grain : une ligne par commune actuelle, programme et millésime.
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ contraintes(['code_commune', 'code_programme', 'millesime'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
{% set listes = ['petites_villes_de_demain', 'action_coeur_de_ville', 'action_coeur_de_ville_2', 'villages_avenir', 'territoires_industrie',
    'cites_educatives', 'campus_connectes'] %}
WITH membres AS (
    {% for liste in listes %}
    SELECT * FROM {{ ref('stg_anct__' ~ liste) }}
    {% if not loop.last %}UNION ALL{% endif %}
    {% endfor %}
),

dates AS (
    -- Two territories of one commune stand on one row: « cite-002 ; cite-127 ».
    SELECT membres.*, REPLACE(membres.id_territoire, ' ; ', ' ') AS ids, programme.maille, fiche.date_donnees, fiche.geographie
    FROM membres
    INNER JOIN {{ ref('programmes') }} AS programme ON programme.code_programme = membres.code_programme
    INNER JOIN {{ ref('fiches_millesimes') }} AS fiche ON fiche.source = programme.source AND fiche.millesime = membres.millesime
),

appartenances AS ({{ communes_actuelles(ref('stg_dgcl__intercommunalites'), 'dgcl__intercommunalites') }}),

groupements AS (
    -- Twelve members of the lists are communes, told by their own SIREN.
    SELECT siren_epci AS siren, code_actuel, millesime, date_donnees FROM appartenances
    UNION ALL
    SELECT siren_commune, code_actuel, millesime, date_donnees FROM appartenances
),

epci AS (
    -- Members of a grouping in the year nearest to the list: some of those of 2024 have merged since.
    SELECT DISTINCT code_programme, millesime, id_territoire, siren_epci, code_commune
    FROM (
        SELECT
            dates.code_programme,
            dates.millesime,
            dates.id_territoire,
            groupements.siren AS siren_epci,
            groupements.code_actuel AS code_commune,
            DENSE_RANK() OVER (
                PARTITION BY dates.code_programme, dates.millesime, groupements.siren
                ORDER BY ABS(groupements.date_donnees - dates.date_donnees), groupements.millesime
            ) AS rang
        FROM dates
        INNER JOIN groupements ON groupements.siren = dates.code_membre
        WHERE dates.maille = 'epci'
    ) AS proches
    WHERE rang = 1
),

communes AS (
    SELECT dates.*, COALESCE(passage.code_commune, dates.code_membre) AS code_commune
    FROM dates
    LEFT JOIN {{ ref('passage_communes') }} AS passage
        ON passage.date_reference = dates.geographie AND passage.code_ancien = dates.code_membre
    WHERE dates.maille = 'commune'
    UNION ALL
    SELECT dates.*, epci.code_commune
    FROM dates
    INNER JOIN epci
        ON epci.code_programme = dates.code_programme AND epci.millesime = dates.millesime
        AND epci.id_territoire = dates.id_territoire AND epci.siren_epci = dates.code_membre
)

SELECT
    communes.code_commune,
    territoire.cle_territoire,
    communes.code_programme,
    communes.millesime,
    MAX(communes.date_donnees) AS date_donnees,
    STRING_AGG(DISTINCT communes.ids, ' ' ORDER BY communes.ids) AS ids_territoires,
    STRING_AGG(DISTINCT communes.nom_territoire, ' ; ' ORDER BY communes.nom_territoire) AS noms_territoires,
    CARDINALITY(STRING_TO_ARRAY(STRING_AGG(DISTINCT communes.ids, ' '), ' ')) AS nb_territoires,
    MIN(communes.date_signature) AS date_signature,
    communes.maille = 'epci' AS est_par_epci
FROM communes
INNER JOIN {{ ref('dim_territoires') }} AS territoire ON territoire.cle_territoire = 'commune:' || communes.code_commune
GROUP BY communes.code_commune, territoire.cle_territoire, communes.code_programme, communes.millesime, communes.maille
