-- Grain : une ligne par territoire, indicateur et millésime.
-- depends_on: {{ ref('dim_indicateurs') }}
{{ config(pre_hook="SET LOCAL work_mem = '192MB'", post_hook="{{ cles_indicateurs() }}") }}
{% set au_dela = {
    'medecin_15_min': ['medecin', 15], 'pharmacie_15_min': ['pharmacie', 15], 'urgences_30_min': ['urgences', 30],
    'college_15_min': ['college', 15], 'lycee_30_min': ['lycee', 30], 'gare_15_min': ['gare', 15], 'teletravail_30_min': ['fabrique', 30],
} %}
WITH mesures AS (
    {% for code, regle in au_dela.items() %}
    {{ mesures_rapport('fait_acces_services', {code: 'population * est_au_dela_' ~ regle[1] ~ '_min::integer'}, 'population',
        filtre="famille = '" ~ regle[0] ~ "'") }}
    UNION ALL
    {% endfor %}
    {{ mesures_rapport('fait_ouverture_communes', {
        'ouverture_population': 'population * (est_commune_ouverte OR est_epci_ouvert)::integer',
        'plateforme_territoriale': 'population * a_plateforme_territoriale::integer',
        'plateforme_mutualisee': 'population * a_plateforme_mutualisee::integer',
    }, 'population') }}
    UNION ALL
    {{ mesures_rapport('fait_ouverture_communes', {'ouverture_communes': 'est_commune_ouverte::integer'}, 'est_tenue_d_ouvrir::integer') }}
    UNION ALL
    {{ mesures_rapport('fait_gouvernance_contrats', {'crte_partage': 'population * est_contrat_partage::integer'}, 'population') }}
    UNION ALL
    {{ mesures_par_habitant('fait_etablissements_scolaires', {'ecoles': 'COUNT(*) FILTER (WHERE est_ecole)'}) }}
    UNION ALL
    {{ mesures_presence('fait_etablissements_scolaires', {'sans_ecole': 'est_ecole'}, avec=false) }}
    UNION ALL
    SELECT code_commune, CASE niveau WHEN 'école' THEN 'ips_ecoles' ELSE 'ips_colleges' END, millesime, date_donnees,
        SUM(ips * nb_eleves), SUM(nb_eleves), 1
    FROM {{ ref('fait_ips') }}
    WHERE ips IS NOT NULL AND nb_eleves > 0 AND code_commune IS NOT NULL
    GROUP BY code_commune, niveau, millesime, date_donnees
    UNION ALL
    {{ mesures_rapport('fait_acces_maternites', {
        'maternite_15_km': 'population * est_au_dela_15_km::integer', 'maternite_30_km': 'population * est_au_dela_30_km::integer',
    }, 'population') }}
    UNION ALL
    {{ mesures_par_habitant('fait_etablissements_sante', {'soins_coordonnes': 'COUNT(*) FILTER (WHERE est_soins_coordonnes)'}, nationale=false) }}
    UNION ALL
    {{ mesures_par_habitant('fait_covoiturage', {'covoiturage': 'COUNT(*) FILTER (WHERE est_ouvert)'}) }}
    UNION ALL
    {{ mesures_deliberations() }}
    UNION ALL
    SELECT code_commune, code_indicateur, millesime, date_donnees, numerateur, denominateur, part_observee
    FROM {{ ref('int_mesures_apports') }}
    WHERE code_indicateur = 'consultations_reponses'
    UNION ALL
    {{ mesures_presence('fait_programmes', {'cites_educatives': "code_programme = 'cite'"}, liste="code_programme = 'cite'") }}
),

departementales AS (
    SELECT commune.code_departement, 'etablissements_jeunes' AS code_indicateur, fait.millesime, fait.date_donnees,
        CAST(COUNT(*) AS double precision) AS numerateur, CAST(MAX(age.moins_20_ans) AS double precision) AS denominateur,
        CAST(1 AS double precision) AS part_observee
    FROM {{ ref('fait_etablissements_scolaires') }} AS fait
    INNER JOIN {{ ref('dim_communes') }} AS commune ON commune.code_commune = fait.code_commune AND commune.est_actuelle
    INNER JOIN {{ ref('fait_ages_departements') }} AS age
        ON age.code_departement = commune.code_departement AND {{ dernier_millesime('age', 'fait_ages_departements') }}
    WHERE fait.est_ecole OR fait.est_college OR fait.est_lycee
    GROUP BY commune.code_departement, fait.millesime, fait.date_donnees
    UNION ALL
    {{ mesures_par_habitant_departement('fait_professionnels_sante', {
        'generalistes': "SUM(effectif) FILTER (WHERE profession = 'Ensemble des médecins généralistes')",
        'specialistes': "SUM(effectif) FILTER (WHERE profession = 'Ensemble des médecins spécialistes (hors généralistes)')",
        'dentistes': "SUM(effectif) FILTER (WHERE profession = 'Ensemble des chirurgiens-dentistes')",
        'infirmiers': "SUM(effectif) FILTER (WHERE profession = 'Infirmiers')",
        'sages_femmes': "SUM(effectif) FILTER (WHERE profession = 'Sages-femmes')",
    }) }}
    UNION ALL
    {{ mesures_par_habitant_departement('fait_ressources_ouvertes', {'ressources_locales': 'COUNT(*)'}, 'fait.est_catalogue_complet') }}
    UNION ALL
    SELECT code_departement, 'ressources_standardisees', millesime, date_donnees,
        COUNT(*) FILTER (WHERE est_au_schema_national), COUNT(*), 1
    FROM {{ ref('fait_ressources_ouvertes') }}
    WHERE code_departement IS NOT NULL AND est_catalogue_complet
    GROUP BY code_departement, millesime, date_donnees
    UNION ALL
    SELECT code_departement, 'deliberations_detaillees', millesime, date_donnees,
        COUNT(*) FILTER (WHERE a_vote_publie AND a_document), COUNT(*), 1
    FROM {{ ref('fait_deliberations') }}
    WHERE code_departement IS NOT NULL
    GROUP BY code_departement, millesime, date_donnees
),

nationales AS (
    SELECT 'demarches_satisfaction' AS code_indicateur, millesime, date_donnees, SUM(note_satisfaction * volume_en_ligne) AS numerateur,
        SUM(volume_en_ligne) AS denominateur, 1 AS part_observee
    FROM {{ ref('fait_demarches') }}
    WHERE note_satisfaction IS NOT NULL AND volume_en_ligne > 0
    GROUP BY millesime, date_donnees
    UNION ALL
    SELECT 'demarches_en_ligne', millesime, date_donnees, COUNT(*) FILTER (WHERE est_en_ligne), COUNT(*), 1
    FROM {{ ref('fait_demarches') }}
    WHERE est_en_ligne IS NOT NULL
    GROUP BY millesime, date_donnees
    UNION ALL
    SELECT 'startups_perennisees', millesime, date_donnees, COUNT(*) FILTER (WHERE est_perennisee), COUNT(*), 1
    FROM {{ ref('fait_startups') }}
    WHERE phase IS NOT NULL
    GROUP BY millesime, date_donnees
)

{{ indicateurs_des_territoires('mesures', 'departementales', 'nationales') }}
