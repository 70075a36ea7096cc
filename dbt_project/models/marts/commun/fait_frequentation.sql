-- Grain : une ligne par lieu et période de fréquentation.
-- A place that a source describes is the door where this source leads; a « local » one has no door.
-- depends_on: {{ ref('dim_lieux') }}
{{ config(post_hook="{{ contraintes(['source_lieu', 'id_lieu_source', 'date_debut', 'date_fin'], {
    'id_lieu': ['dim_lieux', 'id_lieu'], 'cle_territoire': ['dim_territoires', 'cle_territoire'],
}) }}") }}
WITH frequentation AS (
    SELECT DISTINCT ON (source_lieu, id_lieu_source, date_debut, date_fin) *
    FROM ({{ communes_actuelles(ref('stg_apports__frequentation'), 'apports__frequentation') }}) AS amont
    ORDER BY source_lieu, id_lieu_source, date_debut, date_fin, livraison, code_actuel
),

portes AS (
    SELECT DISTINCT ON (source, id_source) source, id_source, id_lieu
    FROM {{ ref('pont_lieux_sources') }}
    ORDER BY source, id_source, millesime DESC
)

SELECT
    f.source_lieu,
    f.id_lieu_source,
    f.date_debut,
    f.date_fin,
    porte.id_lieu,
    territoire.cle_territoire,
    territoire.code_territoire AS code_commune,
    f.nom_lieu,
    f.nb_visites,
    f.nb_accompagnements,
    f.date_fin - f.date_debut + 1 AS duree_jours,
    CAST(30.0 * f.nb_visites / (f.date_fin - f.date_debut + 1) AS double precision) AS visites_30_jours,
    f.commentaire
FROM frequentation AS f
LEFT JOIN portes AS porte ON porte.source = f.source_lieu AND porte.id_source = f.id_lieu_source
LEFT JOIN {{ ref('dim_territoires') }} AS territoire
    ON territoire.niveau = 'commune' AND territoire.code_territoire = f.code_actuel
