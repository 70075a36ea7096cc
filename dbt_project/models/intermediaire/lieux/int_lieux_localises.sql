-- Grain : une ligne par lieu décrit par une source et par millésime : la commune actuelle où il est, et comment on l'a su.
-- The code given, carried to today; else the postcode and the name of the town, when a single commune answers to both; else
-- the postcode, when it serves a single commune; else the département and the name. Otherwise unknown: never the nearest.
WITH codes AS (
    SELECT DISTINCT ON (l.source, l.millesime, l.liste, l.id_source)
        l.source, l.millesime, l.liste, l.id_source, cog.code_commune,
        CASE WHEN passage.code_ancien IS NULL THEN 'code' ELSE 'code, ' || passage.motif END AS methode_commune
    FROM {{ ref('int_lieux_sources') }} AS l
    LEFT JOIN {{ ref('fiches_millesimes') }} AS f ON f.source = l.source AND f.millesime = l.millesime
    LEFT JOIN {{ ref('passage_communes') }} AS passage
        ON passage.date_reference = f.geographie AND passage.code_ancien = l.code_commune
    INNER JOIN {{ ref('int_communes_courantes') }} AS cog ON cog.code_commune = COALESCE(passage.code_commune, l.code_commune)
    -- A list of Nouvelle-Calédonie gives Le Mont-Dore the code of its namesake in Auvergne; its postcode does not err.
    WHERE COALESCE(l.code_postal, '') NOT LIKE '98%'
    ORDER BY l.source, l.millesime, l.liste, l.id_source,
        (cog.nom_commune = l.localite) DESC, passage.part DESC NULLS LAST, cog.code_commune
),

noms AS (
    SELECT code_postal, localite_normalisee, MIN(code_commune) AS code_commune
    FROM {{ ref('int_localites') }}
    GROUP BY code_postal, localite_normalisee
    HAVING COUNT(DISTINCT code_commune) = 1
),

departements AS (
    -- A CEDEX is in no list, but its first figures are those of the département.
    SELECT {{ departement_de('code_postal') }} AS departement, localite_normalisee, MIN(code_commune) AS code_commune
    FROM {{ ref('int_localites') }}
    GROUP BY 1, 2
    HAVING COUNT(DISTINCT code_commune) = 1
),

postaux AS (
    SELECT code_postal, MIN(code_commune) AS code_commune
    FROM {{ ref('int_localites') }}
    GROUP BY code_postal
    HAVING COUNT(DISTINCT code_commune) = 1
)

SELECT
    l.source, l.millesime, l.liste, l.id_source, l.nom, l.adresse, l.code_postal, l.localite, l.siret, l.latitude, l.longitude,
    COALESCE(codes.code_commune, noms.code_commune, postaux.code_commune, departements.code_commune) AS code_commune,
    CASE
        WHEN codes.code_commune IS NOT NULL THEN codes.methode_commune
        WHEN noms.code_commune IS NOT NULL THEN 'code postal et nom'
        WHEN postaux.code_commune IS NOT NULL THEN 'code postal seul'
        WHEN departements.code_commune IS NOT NULL THEN 'département et nom'
        WHEN l.code_postal LIKE '98%' OR COALESCE(l.code_commune, l.code_postal) LIKE '98%' OR COALESCE(l.code_commune, l.code_postal) ~ '^97[578]' THEN 'hors champ'
        ELSE 'inconnue'
    END AS methode_commune,
    l.est_dernier_millesime, l.est_france_services, l.est_ouvert, l.nom_normalise, l.voie_normalisee,
    SUBSTRING(l.voie_normalisee FROM '^[0-9]+') AS numero,
    -- What the name says beside the name of the town, which every place of the town may bear; La Poste's are those of towns, and
    -- the houses of 2018 all have the same.
    CASE WHEN l.source NOT IN ('laposte__points_contact', 'cget__maisons_services_public') THEN NULLIF(BTRIM(REPLACE(' ' || l.nom_normalise || ' ', ' ' || l.localite_normalisee || ' ', ' ')), '') END AS nom_propre,
    {{ nature_lieu('l.source', 'l.nom_normalise') }} AS nature,
    ROW_NUMBER() OVER (ORDER BY
        ARRAY_POSITION(ARRAY['anct__france_services', 'mednum__lieux_mediation', 'culture__bibliotheques',
            'laposte__points_contact', 'anct__aidants_connect', 'anct__conseillers_numeriques',
            'anct__fabriques_de_territoire', 'anct__manufactures_proximite', 'cget__maisons_services_public'], l.source),
        l.latitude IS NULL, l.millesime DESC, l.liste, l.id_source
    ) AS cle
FROM {{ ref('int_lieux_sources') }} AS l
LEFT JOIN codes USING (source, millesime, liste, id_source)
LEFT JOIN noms ON noms.code_postal = l.code_postal AND noms.localite_normalisee = l.localite_normalisee
LEFT JOIN postaux ON postaux.code_postal = l.code_postal
LEFT JOIN departements
    ON departements.departement = {{ departement_de('l.code_postal') }} AND departements.localite_normalisee = l.localite_normalisee
