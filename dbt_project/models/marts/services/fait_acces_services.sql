-- Grain : une ligne par commune actuelle et famille d'équipements de l'axe (santé, enseignement, transport, tiers-lieux labellisés).
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ contraintes(['code_commune', 'famille'], {
    'cle_territoire': ['dim_territoires', 'cle_territoire'], 'famille': ['dim_familles_equipements', 'famille'],
}) }}") }}
{{ acces_des_familles("(famille.theme IN ('sante', 'education', 'transport') OR famille.famille = 'fabrique')") }}
