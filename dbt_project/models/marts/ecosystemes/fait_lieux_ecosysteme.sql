-- Grain : une ligne par lieu réel d'accompagnement ou de fabrication : ceux où l'on ne trouve ni seulement La Poste, ni seulement une bibliothèque.
-- Isolated: no other such place in the commune, nor in those whose centre is at most 10 km away, borders included.
-- depends_on: {{ ref('dim_territoires') }}, {{ ref('dim_lieux') }}
{{ config(post_hook="{{ contraintes(['id_lieu'], {
    'cle_territoire': ['dim_territoires', 'cle_territoire'], 'id_lieu': ['dim_lieux', 'id_lieu']}) }}") }}
WITH lieux AS (
    SELECT
        id_lieu, millesime, date_donnees, code_commune, cle_territoire,
        COUNT(*) AS nb_natures,
        BOOL_OR(nature = 'mediation') AS est_mediation,
        BOOL_OR(nature IN ('fabrique', 'manufacture')) AS est_tiers_lieu,
        BOOL_OR(services IS NOT NULL) AS est_offre_connue
    FROM {{ ref('fait_acteurs') }}
    GROUP BY id_lieu, millesime, date_donnees, code_commune, cle_territoire
    HAVING BOOL_OR(nature NOT IN ('la_poste', 'bibliotheque'))
),

reseaux AS (
    SELECT id_lieu, COUNT(*) AS nb_reseaux FROM {{ ref('fait_reseaux') }} GROUP BY id_lieu
),

communes AS (
    SELECT code_commune, COUNT(*) AS nb_lieux FROM lieux GROUP BY code_commune
),

voisins AS (
    SELECT voisinage.code_commune, SUM(communes.nb_lieux) AS nb_lieux
    FROM {{ ref('int_voisinages') }} AS voisinage
    INNER JOIN communes ON communes.code_commune = voisinage.code_voisin
    WHERE voisinage.distance_km <= 10
    GROUP BY voisinage.code_commune
)

SELECT
    lieux.id_lieu,
    lieux.millesime,
    lieux.date_donnees,
    lieux.code_commune,
    lieux.cle_territoire,
    lieux.nb_natures,
    lieux.est_mediation,
    lieux.est_tiers_lieu,
    lieux.est_offre_connue,
    COALESCE(reseaux.nb_reseaux, 0) AS nb_reseaux,
    CASE WHEN lieux.code_commune IS NOT NULL THEN communes.nb_lieux - 1 + COALESCE(voisins.nb_lieux, 0) END AS nb_lieux_10_km,
    CASE WHEN lieux.code_commune IS NOT NULL THEN communes.nb_lieux - 1 + COALESCE(voisins.nb_lieux, 0) = 0 END AS est_isole
FROM lieux
LEFT JOIN reseaux ON reseaux.id_lieu = lieux.id_lieu
LEFT JOIN communes ON communes.code_commune = lieux.code_commune
LEFT JOIN voisins ON voisins.code_commune = lieux.code_commune
