-- Grain : une ligne par couple de descriptions que le modèle ne tranche pas, et que rien n'a réuni.
-- A decision is a line of `apports/lieux/*.csv` with the same four columns source_a, id_a, source_b, id_b.
-- depends_on: {{ ref('dim_lieux') }}
{{ config(post_hook="{{ contraintes(['source_a', 'id_a', 'source_b', 'id_b'], {
    'id_lieu_a': ['dim_lieux', 'id_lieu'], 'id_lieu_b': ['dim_lieux', 'id_lieu']}) }}") }}
SELECT
    a.source AS source_a, a.id_source AS id_a, b.source AS source_b, b.id_source AS id_b,
    pa.id_lieu AS id_lieu_a, pb.id_lieu AS id_lieu_b,
    COALESCE(a.code_commune, b.code_commune) AS code_commune,
    j.score,
    a.nom AS nom_a, a.adresse AS adresse_a, a.code_postal AS code_postal_a, a.localite AS localite_a,
    b.nom AS nom_b, b.adresse AS adresse_b, b.code_postal AS code_postal_b, b.localite AS localite_b,
    c.distance_m,
    c.blocages
FROM {{ ref('int_lieux_juges') }} AS j
INNER JOIN {{ ref('int_lieux_couples') }} AS c ON c.cle_a = j.cle_a AND c.cle_b = j.cle_b
INNER JOIN {{ ref('int_lieux_localises') }} AS a ON a.cle = j.cle_a
INNER JOIN {{ ref('int_lieux_localises') }} AS b ON b.cle = j.cle_b
INNER JOIN {{ ref('pont_lieux_sources') }} AS pa ON pa.source = a.source AND pa.millesime = a.millesime AND pa.id_source = a.id_source
INNER JOIN {{ ref('pont_lieux_sources') }} AS pb ON pb.source = b.source AND pb.millesime = b.millesime AND pb.id_source = b.id_source
WHERE j.zone = 'a_revoir' AND pa.id_lieu <> pb.id_lieu
