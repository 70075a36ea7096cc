-- Grain : une ligne par couple candidat de deux listes : ce que le modèle regarde, chaque attribut de 0 à 1.
-- Nothing here is learned: `pilotage lieux apprendre` reads these columns to fit the coefficients of the seed `lieux_modele`.
SELECT
    cle_a,
    cle_b,
    est_meme_siret::integer AS meme_siret,
    (est_meme_siren AND NOT est_meme_siret)::integer AS meme_siren,
    est_autre_siren::integer AS autre_siren,
    similarite_nom,
    nom_contenu,
    est_meme_nature::integer AS meme_nature,
    est_autre_nature::integer AS autre_nature,
    (est_meme_voie AND NOT est_sans_numero)::integer AS meme_adresse,
    (est_meme_voie AND est_sans_numero AND est_meme_commune)::integer AS meme_voie_sans_numero,
    similarite_voie,
    voie_contenue,
    est_sans_voie::integer AS sans_voie,
    CASE WHEN est_sans_voie THEN GREATEST(similarite_nom, nom_contenu) ELSE 0 END AS nom_sans_adresse,
    est_meme_numero::integer AS meme_numero,
    est_autre_numero::integer AS autre_numero,
    COALESCE(EXP(-distance_m / 60), 0) AS proximite,
    CASE WHEN distance_m IS NULL THEN 0 ELSE LEAST(distance_m, 500) / 500 END AS eloignement,
    (distance_m IS NULL)::integer AS sans_distance,
    est_double_label::integer AS double_label,
    est_seul_label::integer AS seul_label,
    (NOT est_meme_commune)::integer AS autre_commune,
    (NOT est_meme_commune AND est_sans_numero)::integer AS autre_commune_sans_numero,
    2.0 / nb_commune AS rarete
FROM {{ ref('int_lieux_couples') }}
WHERE NOT est_meme_liste
