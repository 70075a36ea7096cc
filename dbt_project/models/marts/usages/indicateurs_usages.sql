-- Grain : une ligne par territoire, indicateur et millésime.
-- depends_on: {{ ref('dim_indicateurs') }}
{{ config(pre_hook="SET LOCAL work_mem = '192MB'", post_hook="{{ cles_indicateurs() }}") }}
WITH mesures AS (
    {{ mesures_score('fait_fragilite_numerique', {
        'fragilite_totale': 'score_total', 'fragilite_thd': 'score_thd', 'fragilite_4g': 'score_4g', 'fragilite_pauvrete': 'score_pauvrete',
        'fragilite_65_ans': 'score_65_ans', 'fragilite_diplome': 'score_diplome',
    }, filtre='fait.est_servi') }}
    UNION ALL
    {{ mesures_par_habitant('fait_france_services', {'france_services': 'COUNT(*) FILTER (WHERE est_actif)'}) }}
    UNION ALL
    {{ mesures_rapport('fait_acces_france_services', {
        'france_services_20_min': 'population * est_au_dela_20_min::integer', 'france_services_10_km': 'population * est_au_dela_10_km::integer',
    }, 'population') }}
    UNION ALL
    {{ mesures_par_habitant('fait_aidants_connect', {
        'aidants_structures': 'COUNT(*) FILTER (WHERE est_active)', 'aidants_habilites': 'SUM(nb_aidants) FILTER (WHERE est_active)',
    }) }}
    UNION ALL
    {{ mesures_par_habitant('fait_conseillers_numeriques', {'conseillers_numeriques': 'SUM(nb_conseillers)'}) }}
    UNION ALL
    {{ mesures_par_code_postal('fait_activite_conseillers', 'conseillers_accompagnements', 'nb_accompagnements') }}
    UNION ALL
    {{ mesures_par_habitant('fait_lieux_mediation', {'lieux_mediation': 'COUNT(*)'}, nationale=false) }}
    UNION ALL
    {{ mesures_par_habitant('fait_bibliotheques', {'bibliotheques': 'COUNT(*) FILTER (WHERE est_ouverte_au_public)'}) }}
    UNION ALL
    SELECT code_commune, 'bibliotheques_heures', millesime, date_donnees, SUM(heures_ouverture_semaine), COUNT(*), 1
    FROM {{ ref('fait_bibliotheques') }}
    WHERE est_ouverte_au_public AND heures_ouverture_semaine IS NOT NULL AND code_commune IS NOT NULL
    GROUP BY code_commune, millesime, date_donnees
    UNION ALL
    {{ mesures_par_habitant('fait_points_poste', {
        'poste_contacts': 'COUNT(*)', 'poste_bureaux': 'COUNT(*) FILTER (WHERE est_bureau)',
    }) }}
    UNION ALL
    {{ mesures_rapport('fait_acces_ateliers', {'makers_temps': 'population * temps_min'}, 'population') }}
)

{{ indicateurs_des_territoires('mesures') }}
