-- Grain : une ligne par description (dernier millésime de sa liste), et le groupe de descriptions d'un même lieu où elle est.
-- Decisions and repetitions first; then rounds of mutual best choice. Two groups join only if no list is in both and if all
-- their members that can be compared (two positions, or two addresses of one commune) are at least to review: no chain forms.
WITH RECURSIVE lieux AS MATERIALIZED (
    SELECT
        cle, source || liste AS provenance, code_commune, latitude IS NOT NULL AS est_positionne,
        voie_normalisee IS NOT NULL AS est_adresse
    FROM {{ ref('int_lieux_localises') }}
    WHERE est_dernier_millesime
),

juges AS MATERIALIZED (
    SELECT cle_a, cle_b, methode, score, zone FROM {{ ref('int_lieux_juges') }}
),

memes AS MATERIALIZED (
    SELECT cle_a, cle_b, score FROM juges WHERE zone = 'meme'
),

surs AS (
    SELECT cle_a, cle_b FROM juges WHERE zone = 'meme' AND methode IN ('décision', 'répétition')
),

{{ groupes_relies('surs') }},

groupes_0 AS MATERIALIZED (
    SELECT lieux.cle, COALESCE(MIN(atteints_surs.atteint), lieux.cle) AS groupe
    FROM lieux
    LEFT JOIN atteints_surs ON atteints_surs.cle = lieux.cle
    GROUP BY lieux.cle
),

{% for rang in range(1, var('lieux_tours') + 1) -%}
{{ tour_de_rapprochement(rang) }},

{% endfor -%}

liens AS (
    SELECT s.cle_a, s.cle_b, s.methode, s.score
    FROM juges AS s
    INNER JOIN groupes_{{ var('lieux_tours') }} AS a ON a.cle = s.cle_a
    INNER JOIN groupes_{{ var('lieux_tours') }} AS b ON b.cle = s.cle_b AND b.groupe = a.groupe
    WHERE s.zone = 'meme'
),

meilleurs AS (
    SELECT DISTINCT ON (cle) cle, methode, score
    FROM (SELECT cle_a AS cle, methode, score FROM liens UNION ALL SELECT cle_b, methode, score FROM liens) AS x
    ORDER BY cle, score DESC, methode
)

SELECT g.cle, g.groupe, COALESCE(m.methode, 'seule description') AS methode, COALESCE(m.score, 1.0) AS score
FROM groupes_{{ var('lieux_tours') }} AS g
LEFT JOIN meilleurs AS m ON m.cle = g.cle
