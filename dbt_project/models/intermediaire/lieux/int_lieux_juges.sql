-- Grain : une ligne par couple jugé : probabilité d'être un même lieu, et zone (même, à revoir, différent).
-- A person's decision (apports) overrides the model; the latest one counts, and it needs no candidate. Within one list only a
-- repetition by key is the same: a list is trusted not to tell one door twice under two names.
WITH lieux AS (
    SELECT cle, source, id_source FROM {{ ref('int_lieux_localises') }} WHERE est_dernier_millesime
),

modele AS (
    SELECT cle_a, cle_b, {{ score_lieux() }} AS score FROM {{ ref('int_lieux_attributs') }}
),

repetitions AS (
    SELECT cle_a, cle_b
    FROM {{ ref('int_lieux_couples') }}
    WHERE est_meme_liste AND (
        (est_meme_voie AND (est_meme_nom OR est_meme_siret) AND (distance_m IS NULL OR distance_m <= 150))
        OR (est_meme_siret AND similarite_voie >= 0.9)
        OR (est_meme_nom AND est_sans_voie AND distance_m IS NULL AND est_meme_commune)
    )
),

decisions AS (
    SELECT DISTINCT ON (LEAST(a.cle, b.cle), GREATEST(a.cle, b.cle))
        LEAST(a.cle, b.cle) AS cle_a, GREATEST(a.cle, b.cle) AS cle_b, d.decision
    FROM {{ ref('stg_apports__lieux') }} AS d
    INNER JOIN lieux AS a ON a.source = d.source_a AND a.id_source = d.id_a
    INNER JOIN lieux AS b ON b.source = d.source_b AND b.id_source = d.id_b
    WHERE a.cle <> b.cle
    ORDER BY LEAST(a.cle, b.cle), GREATEST(a.cle, b.cle), d.date_decision DESC NULLS LAST, d.decision
)

SELECT
    COALESCE(d.cle_a, m.cle_a, r.cle_a) AS cle_a,
    COALESCE(d.cle_b, m.cle_b, r.cle_b) AS cle_b,
    CASE
        WHEN d.decision IS NOT NULL THEN 'décision'
        WHEN r.cle_a IS NOT NULL THEN 'répétition'
        ELSE 'modèle'
    END AS methode,
    CASE WHEN d.decision = 'meme' OR (d.decision IS NULL AND r.cle_a IS NOT NULL) THEN 1 WHEN d.decision = 'different' THEN 0 ELSE m.score END AS score,
    CASE
        WHEN d.decision IS NOT NULL THEN d.decision
        WHEN r.cle_a IS NOT NULL OR m.score >= {{ seuil_lieux('seuil_meme') }} THEN 'meme'
        WHEN m.score >= {{ seuil_lieux('seuil_a_revoir') }} THEN 'a_revoir'
        ELSE 'different'
    END AS zone
FROM modele AS m
FULL JOIN repetitions AS r ON r.cle_a = m.cle_a AND r.cle_b = m.cle_b
FULL JOIN decisions AS d ON d.cle_a = COALESCE(m.cle_a, r.cle_a) AND d.cle_b = COALESCE(m.cle_b, r.cle_b)
