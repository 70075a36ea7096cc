-- Grain : une ligne par service et lieu, ou par service et commune pour ce qui n'est connu que compté ; dernière édition seulement.
{{ config(post_hook="{{ contraintes(['service', 'id_offre']) }}") }}
WITH poids AS (
    SELECT service, source, nature, capacite FROM {{ ref('services_offre') }}
),

france_services AS (
    SELECT
        'anct__france_services' AS source, amont.id_fs AS id_offre, lieu.code_commune, amont.nom, lieu.latitude, lieu.longitude,
        1 AS nombre, amont.date_labellisation AS date_ouverture, amont.millesime, fiche.date_donnees,
        CASE WHEN LOWER(amont.itinerance_declaree) = 'oui' OR amont.format_declare ~* '^(bus|itin)' THEN 'bus'
            WHEN 'antenne' IN (LOWER(amont.format_declare), LOWER(amont.type_declare)) THEN 'antenne'
            ELSE 'principal' END AS nature
    FROM {{ ref('stg_anct__france_services') }} AS amont
    {{ jointures_lieux('anct__france_services', 'amont.id_fs') }}
    WHERE {{ dernier_millesime('amont', 'stg_anct__france_services') }} AND COALESCE(amont.date_labellisation <= fiche.date_donnees, TRUE)
),

postes AS (
    SELECT
        'laposte__points_contact' AS source, amont.id_point AS id_offre, lieu.code_commune, amont.nom, lieu.latitude, lieu.longitude,
        1 AS nombre, CAST(NULL AS date) AS date_ouverture, amont.millesime, fiche.date_donnees,
        CASE WHEN amont.type_point = 'Bureau de Poste' THEN 'Bureau de Poste'
            WHEN amont.type_point ILIKE 'agence postale%' THEN 'Agence postale communale' ELSE 'autre' END AS nature
    FROM {{ ref('stg_laposte__points_contact') }} AS amont
    {{ jointures_lieux('laposte__points_contact', 'amont.id_point') }}
    WHERE {{ dernier_millesime('amont', 'stg_laposte__points_contact') }}
),

conseillers AS (
    SELECT
        'anct__conseillers_numeriques' AS source, amont.id_structure AS id_offre, lieu.code_commune, amont.nom, lieu.latitude,
        lieu.longitude, amont.nb_conseillers AS nombre, amont.date_validation AS date_ouverture, amont.millesime, fiche.date_donnees,
        'conseiller' AS nature
    FROM {{ ref('stg_anct__conseillers_numeriques') }} AS amont
    {{ jointures_lieux('anct__conseillers_numeriques', 'amont.id_structure') }}
    WHERE {{ dernier_millesime('amont', 'stg_anct__conseillers_numeriques') }} AND amont.nb_conseillers > 0
),

maternites AS (
    SELECT
        'drees__maternites' AS source, amont.finess AS id_offre, commune.code_commune, amont.nom,
        CAST(NULL AS double precision) AS latitude, CAST(NULL AS double precision) AS longitude, 1 AS nombre,
        CAST(NULL AS date) AS date_ouverture, CAST(amont.annee AS text) AS millesime, MAKE_DATE(amont.annee, 12, 31) AS date_donnees,
        'lieu' AS nature
    FROM {{ ref('stg_drees__maternites') }} AS amont
    {{ jointures_commune('drees__maternites') }}
    WHERE {{ dernier_millesime('amont', 'stg_drees__maternites') }}
        AND amont.annee = (SELECT MAX(annee) FROM {{ ref('stg_drees__maternites') }})
),

sources_lieux AS (
    -- The same door under several lists counts once: its first list here names it.
    SELECT DISTINCT ON (pont.id_lieu, poids.service)
        pont.id_lieu, poids.service, pont.source, pont.millesime, fiche.date_donnees, poids.nature
    FROM {{ ref('pont_lieux_sources') }} AS pont
    INNER JOIN poids ON poids.source = pont.source AND poids.nature = 'lieu'
    LEFT JOIN {{ ref('fiches_millesimes') }} AS fiche ON fiche.source = pont.source AND fiche.millesime = pont.millesime
    ORDER BY pont.id_lieu, poids.service, pont.source
),

lieux AS (
    SELECT
        chez.service, chez.source, lieu.id_lieu AS id_offre, lieu.code_commune, lieu.nom_lieu AS nom, lieu.latitude, lieu.longitude,
        1 AS nombre, CAST(NULL AS date) AS date_ouverture, chez.millesime, chez.date_donnees, chez.nature
    FROM {{ ref('dim_lieux') }} AS lieu
    INNER JOIN sources_lieux AS chez ON chez.id_lieu = lieu.id_lieu
    WHERE lieu.est_ouvert
),

equipements AS (
    SELECT
        poids.service, compte.source, 'commune:' || compte.code_commune AS id_offre, compte.code_commune, MAX(compte.millesime) AS millesime,
        MAX(compte.date_donnees) AS date_donnees, SUM(compte.nb_equipements) AS nombre, SUM(compte.nb_equipements * poids.capacite) AS capacite
    FROM {{ ref('fait_equipements') }} AS compte
    INNER JOIN poids ON poids.source = compte.source AND poids.nature = compte.type_equipement
    WHERE compte.millesime = (SELECT MAX(millesime) FROM {{ ref('fait_equipements') }} WHERE source = 'insee__equipements')
    GROUP BY poids.service, compte.source, compte.code_commune
),

places AS (
    SELECT poids.service, un.*, un.nombre * poids.capacite AS capacite
    FROM (
        SELECT * FROM france_services
        UNION ALL
        SELECT * FROM postes
        UNION ALL
        SELECT * FROM conseillers
        UNION ALL
        SELECT * FROM maternites
    ) AS un
    INNER JOIN poids ON poids.source = un.source AND poids.nature = un.nature
)

SELECT
    service, id_offre, code_commune, nom, latitude, longitude, CAST(nombre AS double precision) AS nombre,
    CAST(capacite AS double precision) AS capacite, date_ouverture, CASE WHEN nature = 'bus' THEN 'bus' ELSE 'fixe' END AS format, source, millesime,
    date_donnees
FROM places
UNION ALL
SELECT
    lieux.service, lieux.id_offre, lieux.code_commune, lieux.nom, lieux.latitude, lieux.longitude, lieux.nombre, poids.capacite,
    lieux.date_ouverture, 'fixe', lieux.source, lieux.millesime, lieux.date_donnees
FROM lieux
INNER JOIN poids ON poids.service = lieux.service AND poids.source = lieux.source AND poids.nature = lieux.nature
UNION ALL
SELECT service, id_offre, code_commune, NULL, NULL, NULL, nombre, capacite, NULL, 'fixe', source, millesime, date_donnees
FROM equipements
