-- Grain : une ligne par lieu décrit par une source (dernier millésime de chaque liste) : le lieu réel où elle mène.
-- The identifier comes from the member whose key lasts longest from one delivery to the next; a list without a lasting key
-- (France services, advisers) gives its address. Same key twice: the rank in alphabetical order tells them apart.
{{ config(post_hook="{{ contraintes(['source', 'millesime', 'id_source']) }}") }}
WITH membres AS (
    SELECT
        g.groupe, g.methode, g.score, l.cle, l.source, l.millesime, l.id_source, l.nom_normalise,
        ARRAY_POSITION(ARRAY['laposte__points_contact', 'culture__bibliotheques', 'mednum__lieux_mediation', 'anct__aidants_connect',
            'anct__fabriques_de_territoire', 'anct__manufactures_proximite', 'cget__maisons_services_public',
            'anct__france_services', 'anct__conseillers_numeriques'], l.source) AS rang,
        l.source || ':' || CASE l.source
            WHEN 'anct__france_services' THEN CONCAT_WS(':', COALESCE(l.code_commune, l.code_postal), l.voie_normalisee)
            WHEN 'anct__conseillers_numeriques' THEN CONCAT_WS(':', l.siret, COALESCE(l.code_commune, l.code_postal), l.voie_normalisee)
            ELSE l.id_source
        END AS cle_durable
    FROM {{ ref('int_lieux_groupes') }} AS g
    INNER JOIN {{ ref('int_lieux_localises') }} AS l ON l.cle = g.cle
),

reperes AS (
    SELECT DISTINCT ON (groupe) groupe, cle_durable, nom_normalise, id_source
    FROM membres
    ORDER BY groupe, rang, cle_durable, nom_normalise, id_source
),

identifies AS (
    SELECT
        groupe,
        SUBSTRING(MD5(CONCAT_WS('#', cle_durable, NULLIF(
            ROW_NUMBER() OVER (PARTITION BY cle_durable ORDER BY nom_normalise, id_source), 1
        ))), 1, 12) AS id_lieu
    FROM reperes
)

SELECT i.id_lieu, m.source, m.millesime, m.id_source, m.score, m.methode
FROM membres AS m
INNER JOIN identifies AS i ON i.groupe = m.groupe
