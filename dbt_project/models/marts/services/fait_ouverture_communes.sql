-- Grain : une ligne par commune actuelle et par millésime de l'observatoire : ce que la commune et son EPCI ouvrent.
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ cles_communales(['code_commune', 'millesime']) }}") }}
SELECT
    commune.code_commune,
    'commune:' || commune.code_commune AS cle_territoire,
    liste.millesime,
    liste.date_donnees,
    commune.population,
    commune.population >= 3500 AS est_tenue_d_ouvrir,
    propre.siren IS NOT NULL AS est_commune_ouverte,
    groupement.siren IS NOT NULL AS est_epci_ouvert,
    COALESCE(propre.a_plateforme_territoriale, FALSE) OR COALESCE(groupement.a_plateforme_territoriale, FALSE) AS a_plateforme_territoriale,
    COALESCE(propre.est_plateforme_mutualisee, FALSE) OR COALESCE(groupement.est_plateforme_mutualisee, FALSE) AS a_plateforme_mutualisee
FROM {{ ref('dim_communes') }} AS commune
CROSS JOIN (SELECT DISTINCT millesime, date_donnees FROM {{ ref('fait_ouverture_donnees') }}) AS liste
LEFT JOIN (
    SELECT DISTINCT ON (code_commune, millesime) * FROM {{ ref('fait_ouverture_donnees') }}
    WHERE nature = 'commune' ORDER BY code_commune, millesime, siren
) AS propre ON propre.code_commune = commune.code_commune AND propre.millesime = liste.millesime
LEFT JOIN {{ ref('fait_ouverture_donnees') }} AS groupement
    ON groupement.nature = 'epci' AND groupement.siren_epci = commune.siren_epci AND groupement.millesime = liste.millesime
WHERE commune.est_actuelle
