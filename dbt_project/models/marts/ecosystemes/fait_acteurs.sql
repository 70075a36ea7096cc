-- Grain : une ligne par lieu réel et par nature d'acteur que l'on y trouve ouvert au public.
-- All lists are served together: the millésime is the day of the most recent one, `date_liste` is that of the nature's own.
-- depends_on: {{ ref('dim_territoires') }}, {{ ref('dim_lieux') }}
{{ config(post_hook="{{ contraintes(['id_lieu', 'nature'], {
    'cle_territoire': ['dim_territoires', 'cle_territoire'], 'id_lieu': ['dim_lieux', 'id_lieu']}) }}") }}
WITH descriptions AS (
    SELECT
        pont.id_lieu,
        {{ nature_acteur('pont.source') }} AS nature,
        l.nom,
        l.cle,
        fiche.date_donnees,
        mediation.services
    FROM {{ ref('pont_lieux_sources') }} AS pont
    INNER JOIN {{ ref('int_lieux_localises') }} AS l USING (source, millesime, id_source)
    INNER JOIN {{ ref('fiches_millesimes') }} AS fiche ON fiche.source = pont.source AND fiche.millesime = pont.millesime
    LEFT JOIN {{ ref('stg_mednum__lieux_mediation') }} AS mediation
        ON pont.source = 'mednum__lieux_mediation' AND mediation.millesime = pont.millesime AND mediation.id_lieu_source = pont.id_source
    WHERE l.est_ouvert
),

acteurs AS (
    SELECT
        id_lieu,
        nature,
        (ARRAY_AGG(nom ORDER BY cle))[1] AS nom_acteur,
        COUNT(*) AS nb_descriptions,
        STRING_AGG(DISTINCT services, '|') AS services,
        MAX(date_donnees) AS date_liste
    FROM descriptions
    GROUP BY id_lieu, nature
)

SELECT
    a.id_lieu,
    a.nature,
    TO_CHAR(MAX(a.date_liste) OVER (), 'YYYY-MM-DD') AS millesime,
    MAX(a.date_liste) OVER () AS date_donnees,
    lieu.code_commune,
    lieu.cle_territoire,
    a.nom_acteur,
    a.nb_descriptions,
    a.services,
    a.date_liste
FROM acteurs AS a
INNER JOIN {{ ref('dim_lieux') }} AS lieu ON lieu.id_lieu = a.id_lieu
