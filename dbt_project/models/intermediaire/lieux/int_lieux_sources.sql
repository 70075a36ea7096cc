-- Grain : une ligne par lieu décrit par une source et par millésime, dans une forme commune. Aucune donnée de personne.
-- A La Poste position « au centre de la commune » is not the door's: it is left out.
WITH reunis AS (
    SELECT 'anct__france_services' AS source, millesime, '' AS liste, id_fs AS id_source, nom, adresse, code_postal, localite,
        code_commune, NULL AS siret, latitude, longitude, TRUE AS est_france_services, TRUE AS est_ouvert
    FROM {{ ref('stg_anct__france_services') }}
    UNION ALL
    SELECT 'mednum__lieux_mediation', millesime, liste, id_lieu_source, nom, adresse, code_postal, localite,
        code_commune, siret, latitude, longitude, COALESCE(labels_nationaux ~* 'france services', FALSE), TRUE
    FROM {{ ref('stg_mednum__lieux_mediation') }}
    UNION ALL
    SELECT 'anct__aidants_connect', millesime, '', id_structure, nom, adresse, code_postal, localite,
        code_commune, siret, NULL, NULL, est_france_services, est_active
    FROM {{ ref('stg_anct__aidants_connect') }}
    UNION ALL
    SELECT 'anct__conseillers_numeriques', millesime, '', id_structure, nom, adresse, code_postal, localite,
        code_commune, siret, NULL, NULL, est_france_services, TRUE
    FROM {{ ref('stg_anct__conseillers_numeriques') }}
    UNION ALL
    SELECT 'culture__bibliotheques', millesime, '', id_bibliotheque, nom, adresse, code_postal, localite,
        code_commune, NULL, latitude, longitude, FALSE, type_adresse = 'Bibliothèque ouverte au public'
    FROM {{ ref('stg_culture__bibliotheques') }}
    UNION ALL
    SELECT 'laposte__points_contact', millesime, '', id_point, nom, adresse, code_postal, localite, code_commune, NULL,
        CASE WHEN precision_geocodage <> 'Géocodé au centre de la commune' THEN latitude END,
        CASE WHEN precision_geocodage <> 'Géocodé au centre de la commune' THEN longitude END,
        FALSE, TRUE
    FROM {{ ref('stg_laposte__points_contact') }}
    UNION ALL
    -- A list of 2018: what is open today is not known, so it opens nothing; it counts as a label of its time.
    SELECT 'cget__maisons_services_public', millesime, '', id_maison, nom, adresse, code_postal, localite, NULL, NULL,
        latitude, longitude, TRUE, FALSE
    FROM {{ ref('stg_cget__maisons_services_public') }}
    UNION ALL
    SELECT 'anct__fabriques_de_territoire', millesime, '', id_fabrique, nom, NULL, NULL, localite, code_commune, NULL, NULL, NULL, FALSE, TRUE
    FROM {{ ref('stg_anct__fabriques_de_territoire') }}
    UNION ALL
    SELECT 'anct__manufactures_proximite', millesime, '', id_manufacture, nom, NULL, NULL, localite, code_commune, NULL, NULL, NULL, FALSE, TRUE
    FROM {{ ref('stg_anct__manufactures_proximite') }}
),

normalises AS MATERIALIZED (
    SELECT
        reunis.*,
        {{ normaliser('nom') }} AS nom_normalise,
        {{ normaliser('adresse') }} AS adresse_normalisee,
        {{ normaliser('localite') }} AS localite_normalisee
    FROM reunis
)

SELECT
    source, millesime, liste, id_source, nom, adresse, code_postal, localite, code_commune, siret, latitude, longitude,
    est_france_services, est_ouvert, nom_normalise,
    {{ normaliser_voie('adresse_normalisee', 'code_postal', 'localite_normalisee') }} AS voie_normalisee,
    {{ normaliser_localite('localite_normalisee') }} AS localite_normalisee,
    millesime = MAX(millesime) OVER (PARTITION BY source, liste) AS est_dernier_millesime
FROM normalises
