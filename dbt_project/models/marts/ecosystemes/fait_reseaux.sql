-- Grain : une ligne par lieu réel et par réseau national (dispositif) auquel il appartient.
-- A place belongs to a network when the network's own list holds it, or when a mediation list gives it its label.
-- depends_on: {{ ref('dim_territoires') }}, {{ ref('dim_lieux') }}
{{ config(post_hook="{{ contraintes(['id_lieu', 'reseau'], {
    'cle_territoire': ['dim_territoires', 'cle_territoire'], 'id_lieu': ['dim_lieux', 'id_lieu']}) }}") }}
WITH listes AS (
    SELECT id_lieu, {{ reseau_national('nature') }} AS reseau, TRUE AS est_dans_la_liste, date_liste
    FROM {{ ref('fait_acteurs') }}
    WHERE {{ reseau_national('nature') }} IS NOT NULL
),

labels AS (
    SELECT
        pont.id_lieu,
        CASE label
            WHEN 'CNFS' THEN 'conseillers_numeriques'
            WHEN 'France Services' THEN 'france_services'
            WHEN 'Aidants Connect' THEN 'aidants_connect'
        END AS reseau,
        FALSE AS est_dans_la_liste,
        fiche.date_donnees AS date_liste
    FROM {{ ref('stg_mednum__lieux_mediation') }} AS amont
    CROSS JOIN LATERAL REGEXP_SPLIT_TO_TABLE(amont.labels_nationaux, '\|') AS label
    INNER JOIN {{ ref('pont_lieux_sources') }} AS pont
        ON pont.source = 'mednum__lieux_mediation' AND pont.millesime = amont.millesime AND pont.id_source = amont.id_lieu_source
    INNER JOIN {{ ref('fiches_millesimes') }} AS fiche ON fiche.source = pont.source AND fiche.millesime = pont.millesime
),

reunis AS (
    SELECT id_lieu, reseau, BOOL_OR(est_dans_la_liste) AS est_dans_la_liste, MAX(date_liste) AS date_donnees
    FROM (SELECT * FROM listes UNION ALL SELECT * FROM labels WHERE reseau IS NOT NULL) AS x
    GROUP BY id_lieu, reseau
)

SELECT r.id_lieu, r.reseau, lieu.code_commune, lieu.cle_territoire, r.est_dans_la_liste, r.date_donnees
FROM reunis AS r
INNER JOIN {{ ref('dim_lieux') }} AS lieu ON lieu.id_lieu = r.id_lieu
