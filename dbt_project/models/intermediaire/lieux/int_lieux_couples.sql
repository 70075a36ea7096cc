-- Grain : une ligne par couple de descriptions qui pourraient être celles d'un même lieu : même commune, ou moins de 300 m.
-- Cells of 0.00135° by 0.0022° are at least 150 m wide anywhere in France: neighbours within 150 m stand in touching cells.
WITH lieux AS (
    SELECT
        cle, source || liste AS provenance, code_commune, siret, latitude, longitude, nom_normalise, nom_propre, voie_normalisee, numero,
        CAST(FLOOR(latitude / 0.00135) AS integer) AS carre_lat,
        CAST(FLOOR(longitude / 0.0022) AS integer) AS carre_lon
    FROM {{ ref('int_lieux_localises') }}
    WHERE est_dernier_millesime
),

couples AS (
    SELECT a.cle AS cle_a, b.cle AS cle_b
    FROM lieux AS a
    INNER JOIN lieux AS b ON b.code_commune = a.code_commune AND b.cle > a.cle
    UNION
    SELECT a.cle, b.cle
    FROM lieux AS a
    CROSS JOIN GENERATE_SERIES(-1, 1) AS pas_lat
    CROSS JOIN GENERATE_SERIES(-1, 1) AS pas_lon
    INNER JOIN lieux AS b
        ON b.carre_lat = a.carre_lat + pas_lat AND b.carre_lon = a.carre_lon + pas_lon AND b.cle > a.cle
),

distances AS (
    SELECT
        couples.cle_a, couples.cle_b,
        a.provenance = b.provenance AS est_meme_source,
        a.latitude IS NOT NULL AS est_positionne_a,
        b.latitude IS NOT NULL AS est_positionne_b,
        a.latitude IS NOT NULL AND b.latitude IS NOT NULL AS est_positionne,
        {{ haversine_m('a.latitude', 'a.longitude', 'b.latitude', 'b.longitude') }} AS distance_m,
        COALESCE(a.siret = b.siret, FALSE) AS est_meme_siret,
        COALESCE(a.voie_normalisee = b.voie_normalisee, FALSE) AS est_meme_voie,
        COALESCE(a.numero = b.numero, FALSE) AS est_meme_numero,
        COALESCE(a.numero <> b.numero, FALSE) AS est_autre_numero,
        COALESCE(a.nom_normalise = b.nom_normalise, FALSE) AS est_meme_nom,
        a.provenance LIKE 'laposte%' <> (b.provenance LIKE 'laposte%')
            AND (a.nom_normalise ~ '\mla poste\M' OR b.nom_normalise ~ '\mla poste\M') AS est_la_poste,
        a.nom_propre AS nom_a, b.nom_propre AS nom_b, a.voie_normalisee AS voie_a, b.voie_normalisee AS voie_b
    FROM couples
    INNER JOIN lieux AS a ON a.cle = couples.cle_a
    INNER JOIN lieux AS b ON b.cle = couples.cle_b
)

SELECT
    cle_a, cle_b, est_meme_source, est_positionne_a, est_positionne_b, est_positionne, distance_m,
    est_meme_siret, est_meme_voie, est_meme_numero, est_autre_numero, est_meme_nom,
    est_la_poste,
    COALESCE(SIMILARITY(nom_a, nom_b), 0) AS similarite_nom,
    COALESCE(SIMILARITY(voie_a, voie_b), 0) AS similarite_voie,
    voie_a IS NULL OR voie_b IS NULL AS est_sans_voie
FROM distances
WHERE distance_m <= 500 OR NOT est_positionne
