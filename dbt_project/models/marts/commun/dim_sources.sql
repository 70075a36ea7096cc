-- Grain : une ligne par source de données (fiche), servie ou non.
{{ config(post_hook="{{ contraintes(['source']) }}") }}
WITH servies AS (
    SELECT source, MAX(millesime) AS millesime_servi, MAX(recue_le) AS recue_le, SUM(nb_lignes) AS nb_lignes
    FROM {{ source('pilotage', 'livraisons') }}
    WHERE etat = 'acceptee'
    GROUP BY source
)

SELECT
    f.source,
    f.titre,
    f.producteur,
    f.axe,
    f.licence_id,
    f.licence,
    f.page,
    f.attribution,
    f.frequence,
    f.est_derive_tiers,
    f.est_verifiee,
    s.millesime_servi,
    m.date_donnees,
    m.geographie AS date_geographie,
    s.recue_le,
    CAST(s.nb_lignes AS bigint) AS nb_lignes,
    f.fraicheur_max_jours,
    CURRENT_DATE - m.date_donnees > f.fraicheur_max_jours AS est_perimee
FROM {{ ref('fiches') }} AS f
LEFT JOIN servies AS s ON s.source = f.source
LEFT JOIN {{ ref('fiches_millesimes') }} AS m ON m.source = f.source AND m.millesime = s.millesime_servi
