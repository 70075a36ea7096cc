-- Grain : une ligne par adresse de bibliothèque publique et par millésime.
-- depends_on: {{ ref('dim_territoires') }}, {{ ref('dim_lieux') }}
{{ config(post_hook="{{ cles_lieux('id_bibliotheque') }}") }}
SELECT
    amont.id_bibliotheque,
    {{ colonnes_lieux() }},
    amont.nom,
    amont.statut,
    amont.type_adresse = 'Bibliothèque ouverte au public' AS est_ouverte_au_public,
    amont.surface_m2,
    amont.heures_ouverture_semaine
FROM {{ ref('stg_culture__bibliotheques') }} AS amont
{{ jointures_lieux('culture__bibliotheques', 'amont.id_bibliotheque') }}
