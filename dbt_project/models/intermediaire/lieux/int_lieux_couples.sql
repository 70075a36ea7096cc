-- Grain : une ligne par couple de descriptions qui pourraient être celles d'un même lieu, et les règles qui l'ont retenu.
-- Candidates come from six blockings: same SIRET; same address (commune or postcode); near street, near name, or both labelled
-- France services in the same commune; neighbours. Cells of 0.00135° by 0.0022° are at least 150 m wide anywhere in France.
{% set proche = 300 %}{% set limite = 500 %}{% set limite_meme_adresse = 3000 %}
WITH lieux AS (
    SELECT
        cle, source, liste, code_commune, code_postal, siret, latitude, longitude, nom_normalise, nom_propre, voie_normalisee, numero,
        nature, COALESCE(est_france_services, FALSE) AS est_france_services,
        CAST(FLOOR(latitude / 0.00135) AS integer) AS carre_lat,
        CAST(FLOOR(longitude / 0.0022) AS integer) AS carre_lon,
        COUNT(*) OVER (PARTITION BY siret) AS nb_meme_siret,
        COUNT(*) OVER (PARTITION BY code_commune) AS nb_commune,
        CASE WHEN est_france_services
            THEN COUNT(*) FILTER (WHERE est_france_services) OVER (PARTITION BY source, liste, code_commune) = 1 ELSE FALSE END AS est_seul_label
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
    INNER JOIN lieux AS b ON b.code_postal = a.code_postal AND b.voie_normalisee = a.voie_normalisee AND b.cle > a.cle
    UNION
    SELECT a.cle, b.cle
    FROM lieux AS a
    INNER JOIN lieux AS b ON b.siret = a.siret AND b.cle > a.cle
    WHERE a.nb_meme_siret <= {{ var('lieux_meme_siret_max') }}  -- the SIRET of a département or of a company is no door
    UNION
    SELECT a.cle, b.cle
    FROM lieux AS a
    CROSS JOIN GENERATE_SERIES(-1, 1) AS pas_lat
    CROSS JOIN GENERATE_SERIES(-1, 1) AS pas_lon
    INNER JOIN lieux AS b
        ON b.carre_lat = a.carre_lat + pas_lat AND b.carre_lon = a.carre_lon + pas_lon AND b.cle > a.cle
),

compares AS (
    SELECT
        couples.cle_a, couples.cle_b,
        a.source || a.liste = b.source || b.liste AS est_meme_liste,
        CASE WHEN a.latitude IS NOT NULL AND b.latitude IS NOT NULL THEN
            {{ haversine_m('a.latitude', 'a.longitude', 'b.latitude', 'b.longitude') }} END AS distance_m,
        COALESCE(a.siret = b.siret, FALSE) AS est_meme_siret,
        COALESCE(LEFT(a.siret, 9) = LEFT(b.siret, 9), FALSE) AS est_meme_siren,
        COALESCE(LEFT(a.siret, 9) <> LEFT(b.siret, 9), FALSE) AS est_autre_siren,
        COALESCE(a.voie_normalisee = b.voie_normalisee AND (a.code_commune = b.code_commune OR a.code_postal = b.code_postal), FALSE) AS est_meme_voie,
        COALESCE(a.numero = b.numero, FALSE) AS est_meme_numero,
        COALESCE(a.numero <> b.numero, FALSE) AS est_autre_numero,
        a.numero IS NULL AND b.numero IS NULL AS est_sans_numero,
        COALESCE(a.nom_normalise = b.nom_normalise, FALSE) AS est_meme_nom,
        COALESCE(a.nature = b.nature, FALSE) AS est_meme_nature,
        COALESCE(a.nature <> b.nature, FALSE) AS est_autre_nature,
        a.est_seul_label AND b.est_seul_label AND COALESCE(a.code_commune = b.code_commune, FALSE) AS est_seul_label,
        a.est_france_services AND b.est_france_services AND COALESCE(a.code_commune = b.code_commune, FALSE) AS est_double_label,
        COALESCE(a.code_commune = b.code_commune, FALSE) AS est_meme_commune,
        GREATEST(a.nb_commune, 2) AS nb_commune,
        COALESCE(SIMILARITY(a.nom_propre, b.nom_propre), 0) AS similarite_nom,
        COALESCE(GREATEST(WORD_SIMILARITY(a.nom_propre, b.nom_propre), WORD_SIMILARITY(b.nom_propre, a.nom_propre)), 0) AS nom_contenu,
        COALESCE(SIMILARITY(a.voie_normalisee, b.voie_normalisee), 0) AS similarite_voie,
        COALESCE(GREATEST(WORD_SIMILARITY(a.voie_normalisee, b.voie_normalisee), WORD_SIMILARITY(b.voie_normalisee, a.voie_normalisee)), 0) AS voie_contenue,
        a.voie_normalisee IS NULL OR b.voie_normalisee IS NULL AS est_sans_voie
    FROM couples
    INNER JOIN lieux AS a ON a.cle = couples.cle_a
    INNER JOIN lieux AS b ON b.cle = couples.cle_b
),

bloques AS (
    SELECT
        *,
        CONCAT_WS(' ',
            CASE WHEN est_meme_siret THEN 'siret' END,
            CASE WHEN est_meme_voie THEN 'adresse' END,
            CASE WHEN est_double_label THEN 'label' END,
            CASE WHEN similarite_nom >= {{ var('lieux_blocage_nom_min') }} AND est_meme_commune THEN 'nom' END,
            CASE WHEN NOT est_meme_voie AND similarite_voie >= {{ var('lieux_blocage_voie_min') }} AND est_meme_commune THEN 'voie' END,
            CASE WHEN distance_m <= {{ proche }} THEN 'position' END
        ) AS blocages
    FROM compares
)

SELECT
    cle_a, cle_b, blocages, est_meme_liste, est_meme_commune, distance_m, est_meme_siret, est_meme_siren, est_autre_siren, est_meme_voie,
    est_meme_numero, est_autre_numero, est_sans_numero, est_sans_voie, est_meme_nom, est_meme_nature, est_autre_nature, est_seul_label,
    est_double_label, similarite_nom, nom_contenu, similarite_voie, voie_contenue, nb_commune
FROM bloques
WHERE blocages <> ''
    AND (distance_m IS NULL OR distance_m <= {{ limite }} OR (distance_m <= {{ limite_meme_adresse }} AND est_meme_voie AND NOT est_sans_numero))
