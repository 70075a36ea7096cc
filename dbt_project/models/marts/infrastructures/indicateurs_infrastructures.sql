-- Grain : une ligne par territoire, indicateur et millésime.
-- depends_on: {{ ref('dim_indicateurs') }}
{{ config(pre_hook="SET LOCAL work_mem = '192MB'", post_hook="{{ cles_indicateurs() }}") }}
WITH rythmes AS (
    -- The last quarter against the oldest known of the year before it, brought to four quarters.
    SELECT
        dernier.code_commune,
        dernier.trimestre,
        dernier.date_donnees,
        dernier.locaux,
        (dernier.locaux_raccordables - premier.locaux_raccordables) * 4.0 / premier.ecart AS gain_annuel
    FROM {{ ref('fait_deploiement_fibre') }} AS dernier
    INNER JOIN LATERAL (
        SELECT
            avant.locaux_raccordables,
            {{ rang_trimestre('dernier.trimestre') }} - {{ rang_trimestre('avant.trimestre') }} AS ecart
        FROM {{ ref('fait_deploiement_fibre') }} AS avant
        WHERE avant.code_commune = dernier.code_commune
            AND {{ rang_trimestre('dernier.trimestre') }} - {{ rang_trimestre('avant.trimestre') }} BETWEEN 1 AND 4
        ORDER BY avant.trimestre
        LIMIT 1
    ) AS premier ON TRUE
    WHERE dernier.trimestre = (SELECT MAX(trimestre) FROM {{ ref('fait_deploiement_fibre') }})
),

cuivre AS (
    -- Premises without fibre where the copper closes at a known date, and all the premises there.
    SELECT
        fermeture.code_commune,
        fermeture.millesime,
        fermeture.date_donnees,
        fermeture.part_fermee,
        fermeture.part_datee,
        commune.population,
        carte.locaux,
        GREATEST(carte.locaux - carte.locaux_raccordables, 0) AS locaux_sans_fibre
    FROM {{ ref('fait_fermeture_cuivre') }} AS fermeture
    INNER JOIN {{ ref('dim_communes') }} AS commune ON commune.code_commune = fermeture.code_commune AND commune.est_actuelle
    LEFT JOIN {{ ref('fait_carte_fibre') }} AS carte
        ON carte.code_commune = fermeture.code_commune AND carte.millesime = (SELECT MAX(millesime) FROM {{ ref('fait_carte_fibre') }})
),

mesures AS (
    {{ mesures_rapport('fait_deploiement_fibre', {'fibre_raccordable': 'locaux_raccordables'}, 'locaux', millesime='trimestre') }}
    UNION ALL
    SELECT code_commune, 'fibre_rythme', trimestre, date_donnees, gain_annuel, locaux, 1
    FROM rythmes
    WHERE gain_annuel IS NOT NULL AND locaux > 0
    UNION ALL
    {{ mesures_rapport('fait_fibre_recente', {'fibre_derniere_connue': 'locaux_fibre'}, 'locaux') }}
    UNION ALL
    {{ mesures_rapport('fait_debits', {
        'debit_30': 'locaux_30_et_plus', 'debit_100': 'locaux_100_et_plus', 'debit_1g': 'locaux_1g_et_plus',
        'debit_ineligible': 'locaux_inel_hd',
    }, 'locaux', part_observee='part_observee') }}
    UNION ALL
    {{ mesures_score('int_fragilite_communes', {'ecart_4g': 'score_4g'}, filtre=dernier_millesime('fait', 'stg_mednum__fragilite_numerique')) }}
    UNION ALL
    {{ mesures_par_habitant('fait_sites_mobiles', {
        'sites_2g': 'COUNT(*) FILTER (WHERE a_2g AND NOT est_repete)', 'sites_3g': 'COUNT(*) FILTER (WHERE a_3g AND NOT est_repete)',
        'sites_4g': 'COUNT(*) FILTER (WHERE a_4g AND NOT est_repete)',
    }, nationale=false) }}
    UNION ALL
    {{ mesures_rapport('fait_technologies', {
        'fibre_meilleure_technologie': 'locaux_fibre',
        'sans_reseau_fixe_terrestre': 'locaux - locaux_fibre - locaux_cable - locaux_cuivre - locaux_radio',
    }, 'locaux') }}
    UNION ALL
    {{ mesures_rapport('fait_carte_fibre', {'fibre_carte': 'locaux_raccordables'}, 'locaux') }}
    UNION ALL
    SELECT code_commune, 'cuivre_ferme', millesime, date_donnees, part_fermee * population, population, 1 FROM cuivre WHERE population > 0
    UNION ALL
    SELECT code_commune, 'cuivre_date_connue', millesime, date_donnees, part_datee * population, population, 1 FROM cuivre WHERE population > 0
    UNION ALL
    SELECT code_commune, 'cuivre_sans_fibre', millesime, date_donnees, part_datee * locaux_sans_fibre, part_datee * locaux, 1
    FROM cuivre
    WHERE part_datee > 0 AND locaux > 0
    UNION ALL
    {{ mesures_par_habitant('fait_sites_metropole', {
        'sites_4g_metropole': 'COUNT(*) FILTER (WHERE a_4g)', 'sites_5g_metropole': 'COUNT(*) FILTER (WHERE a_5g)',
    }, nationale=false) }}
    UNION ALL
    {{ mesures_par_habitant('fait_bornes_recharge', {
        'bornes_recharge': 'COUNT(*)', 'bornes_rapides': 'COUNT(*) FILTER (WHERE est_rapide)',
    }) }}
)

{{ indicateurs_des_territoires('mesures') }}
