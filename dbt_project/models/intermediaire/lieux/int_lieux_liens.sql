-- Grain : une ligne par couple de descriptions tenues pour celles d'un même lieu, avec la règle qui le dit et son score.
-- Two numbers of one street are two doors. A list is trusted not to tell one door twice, unless it repeats itself.
{% set voisins = "est_positionne AND distance_m <= " ~ var('lieux_distance_max_m') %}
WITH juges AS (
    SELECT
        *,
        CASE
            WHEN est_meme_source THEN CASE
                WHEN est_meme_voie AND est_meme_nom AND (NOT est_positionne OR distance_m <= {{ var('lieux_distance_max_m') }}) THEN 'répétition'
                WHEN est_meme_voie AND est_meme_siret THEN 'répétition'
            END
            WHEN est_meme_voie AND est_meme_nom THEN 'adresse et nom identiques'
            WHEN est_meme_siret AND (
                est_sans_voie
                OR similarite_voie >= {{ var('lieux_similarite_voie_meme_siret_min') }}
                OR similarite_nom >= {{ var('lieux_similarite_nom_min') }}
            ) THEN 'SIRET'
            WHEN est_meme_voie AND est_meme_numero
                AND (NOT est_positionne OR distance_m <= {{ var('lieux_distance_meme_adresse_m') }}) THEN 'adresse identique'
            WHEN {{ voisins }} AND est_la_poste THEN 'voisins, La Poste'
            WHEN {{ voisins }} AND est_meme_numero
                AND similarite_voie >= {{ var('lieux_similarite_voie_meme_numero_min') }} THEN 'voisins, adresse'
            WHEN {{ voisins }} AND NOT est_autre_numero AND similarite_voie >= {{ var('lieux_similarite_voie_min') }} AND (
                distance_m <= {{ var('lieux_distance_sans_numero_m') }}
                OR similarite_nom >= {{ var('lieux_similarite_nom_appui_min') }}
            ) THEN 'voisins, adresse'
            WHEN {{ voisins }} AND similarite_nom >= {{ var('lieux_similarite_nom_min') }} THEN 'voisins, nom'
            WHEN NOT est_positionne AND NOT est_autre_numero AND similarite_voie >= {{ var('lieux_similarite_voie_min') }} AND (
                est_meme_numero OR similarite_nom >= {{ var('lieux_similarite_nom_appui_min') }}
            ) THEN 'adresse proche'
        END AS methode
    FROM {{ ref('int_lieux_couples') }}
),

services AS (
    -- « Labelled France services », in a commune with one such place and one such label of the list: it is that place.
    SELECT MIN(cle) AS cle, code_commune
    FROM {{ ref('int_lieux_localises') }}
    WHERE source = 'anct__france_services' AND est_dernier_millesime
    GROUP BY code_commune
    HAVING COUNT(*) = 1
),

labels AS (
    SELECT MIN(cle) AS cle, code_commune
    FROM {{ ref('int_lieux_localises') }}
    WHERE est_france_services AND latitude IS NULL AND source <> 'anct__france_services' AND est_dernier_millesime
    GROUP BY source, code_commune
    HAVING COUNT(*) = 1
)

SELECT
    cle_a,
    cle_b,
    est_positionne_a,
    est_positionne_b,
    methode,
    CASE methode
        WHEN 'répétition' THEN 1.0
        WHEN 'adresse et nom identiques' THEN 1.0
        WHEN 'SIRET' THEN 0.95
        WHEN 'adresse identique' THEN 0.9
        ELSE 0.5 + 0.3 * GREATEST(similarite_nom, similarite_voie)
            + CASE WHEN est_positionne THEN 0.08 * (1 - distance_m / {{ var('lieux_distance_max_m') }}) ELSE 0 END
    END AS score
FROM juges
WHERE methode IS NOT NULL
UNION ALL
SELECT services.cle, labels.cle, TRUE, FALSE, 'label France services', 0.6
FROM services
INNER JOIN labels USING (code_commune)
