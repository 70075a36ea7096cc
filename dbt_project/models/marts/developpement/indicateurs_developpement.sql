-- Grain : une ligne par territoire, indicateur et millésime.
-- depends_on: {{ ref('dim_indicateurs') }}
{{ config(pre_hook="SET LOCAL work_mem = '192MB'", post_hook="{{ cles_indicateurs() }}") }}
{% set au_dela = {
    'pain_15_min': ['boulangerie', 15], 'alimentation_15_min': ['alimentation', 15], 'poste_15_min': ['poste', 15],
    'bibliotheque_15_min': ['bibliotheque', 15], 'cinema_30_min': ['cinema', 30], 'atelier_30_min': ['atelier', 30],
} %}
{% set par_habitant = {
    'lieux_culturels': "famille IN ('bibliotheque', 'cinema', 'musee', 'spectacle', 'conservatoire')",
    'hebergements_touristiques': "famille IN ('hotel', 'camping')", 'information_touristique': "famille = 'information_touristique'",
    'fabriques': "famille = 'fabrique'", 'manufactures': "famille = 'manufacture'",
} %}
WITH mesures AS (
    {% for code, regle in au_dela.items() %}
    {{ mesures_rapport('fait_acces_equipements', {code: 'population * est_au_dela_' ~ regle[1] ~ '_min::integer'}, 'population',
        filtre="famille = '" ~ regle[0] ~ "'") }}
    UNION ALL
    {% endfor %}
    {% for code, filtre in par_habitant.items() %}
    SELECT code_commune, '{{ code }}', MAX(millesime), MAX(date_donnees), SUM(nb_equipements), MAX(population), 1
    FROM {{ ref('fait_acces_equipements') }}
    WHERE {{ filtre }} AND population > 0
    GROUP BY code_commune
    UNION ALL
    {% endfor %}
    {{ mesures_rapport('fait_commerces', {
        'commerces_alimentaires': 'nb_grandes_surfaces + nb_commerces_alimentaires', 'equipements_proximite': 'nb_equipements_proximite',
        'sans_commerce_alimentaire': 'population * est_sans_commerce_alimentaire::integer',
    }, 'population') }}
    UNION ALL
    {{ mesures_rapport('fait_presence_numerique', {
        'rpnt_conforme': 'nb_conformes', 'rpnt_site': 'nb_sites_conformes', 'rpnt_messagerie': 'nb_messageries_conformes',
    }, 'nb_communes_relevees') }}
)

{{ indicateurs_des_territoires('mesures') }}
