-- Grain : une ligne par structure France Services et par liste. `id_fs` ne vaut qu'à l'intérieur d'une liste.
-- depends_on: {{ ref('dim_territoires') }}, {{ ref('dim_lieux') }}
{{ config(post_hook="{{ cles_lieux('id_fs') }}") }}
SELECT
    amont.id_fs,
    {{ colonnes_lieux() }},
    amont.nom,
    amont.date_labellisation,
    CAST(EXTRACT(YEAR FROM amont.date_labellisation) AS integer) AS annee_labellisation,
    -- The vocabulary moved from one column to another with each list; these words mean the same in all three.
    CASE WHEN LOWER(amont.itinerance_declaree) = 'oui' OR amont.format_declare ~* '^(bus|itin)' THEN 'bus' ELSE 'fixe' END AS format,
    CASE WHEN 'antenne' IN (LOWER(amont.format_declare), LOWER(amont.type_declare)) THEN 'antenne' ELSE 'principal' END AS type_site,
    COALESCE(amont.date_labellisation <= fiche.date_donnees, TRUE) AS est_actif,
    amont.groupe
FROM {{ ref('stg_anct__france_services') }} AS amont
{{ jointures_lieux('anct__france_services', 'amont.id_fs') }}
