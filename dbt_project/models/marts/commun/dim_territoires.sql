-- Grain : une ligne par territoire : commune, EPCI, bassin de vie, CRTE, département, région, France, ou défini par la collectivité.
-- Population: the latest legal population of each commune, whatever its vintage (Mayotte has only 2017).
{{ config(post_hook=[
    "{{ contraintes(['cle_territoire']) }}",
    "{{ rattacher('pont_communes_territoires', 'cle_territoire') }}",
    "{{ rattacher('fait_populations', 'cle_territoire') }}",
]) }}
WITH noms AS (
    SELECT 'commune' AS niveau, code_commune AS code_territoire, nom_commune AS nom_territoire
    FROM {{ ref('int_communes_courantes') }}
    UNION ALL
    SELECT DISTINCT 'epci', siren_epci, nom_epci FROM {{ ref('int_membres_epci') }}
    UNION ALL
    SELECT 'bassin_vie', code_zone, nom_zone
    FROM {{ ref('stg_insee__zones') }}
    WHERE zonage = 'bassin_vie'
        AND {{ dernier_millesime('stg_insee__zones', 'stg_insee__zones') }}
    UNION ALL
    SELECT DISTINCT ON (code_crte) 'crte', code_crte, nom_crte FROM {{ ref('stg_anct__contrats_crte') }}
    UNION ALL
    SELECT DISTINCT ON (code_departement) 'departement', code_departement, nom_departement
    FROM {{ ref('stg_insee__departements') }}
    UNION ALL
    SELECT DISTINCT ON (code_region) 'region', code_region, nom_region FROM {{ ref('stg_insee__regions') }}
    UNION ALL
    SELECT DISTINCT 'territoire', code_territoire, nom_territoire FROM {{ ref('int_territoires_locaux') }}
    UNION ALL
    SELECT 'france', 'FR', 'France'
),

sommes AS (
    SELECT
        pont.cle_territoire,
        pont.niveau,
        pont.code_territoire,
        COUNT(*) AS nb_communes,
        SUM(c.population) AS population,
        COUNT(*) FILTER (WHERE c.population IS NULL) AS nb_communes_sans_population,
        CASE
            WHEN pont.niveau = 'commune' THEN MAX(c.superficie_km2)
            WHEN COUNT(c.superficie_repartie_km2) = COUNT(*) THEN SUM(c.superficie_repartie_km2)
        END AS superficie_km2,
        CASE WHEN pont.niveau = 'commune' THEN MAX(c.niveau_densite) END AS niveau_densite
    FROM {{ ref('pont_communes_territoires') }} AS pont
    INNER JOIN {{ ref('dim_communes') }} AS c ON c.code_commune = pont.code_commune AND c.est_actuelle
    GROUP BY pont.cle_territoire, pont.niveau, pont.code_territoire
)

SELECT
    s.cle_territoire,
    s.niveau,
    s.code_territoire,
    noms.nom_territoire,
    CAST(s.population AS bigint) AS population,
    s.nb_communes,
    s.nb_communes_sans_population,
    s.superficie_km2,
    s.niveau_densite,
    {{ env_var('PILOTAGE_EST_SIMULE', 'false') }} AS est_simule
FROM sommes AS s
LEFT JOIN noms ON noms.niveau = s.niveau AND noms.code_territoire = s.code_territoire
