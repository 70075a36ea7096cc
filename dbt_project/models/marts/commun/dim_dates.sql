-- Grain : une ligne par jour, de 2010 à la fin de l'année qui suit la dernière donnée.
{{ config(post_hook="{{ contraintes(['date_jour']) }}") }}
WITH jours AS (
    SELECT CAST(jour AS date) AS jour
    FROM GENERATE_SERIES(
        DATE '2010-01-01',
        (SELECT DATE_TRUNC('year', MAX(date_donnees)) + INTERVAL '2 years - 1 day' FROM {{ ref('fiches_millesimes') }}),
        INTERVAL '1 day'
    ) AS jour
)

SELECT
    jour AS date_jour,
    CAST(EXTRACT(year FROM jour) AS integer) AS annee,
    CAST(EXTRACT(quarter FROM jour) AS integer) AS numero_trimestre,
    TO_CHAR(jour, 'YYYY"T"Q') AS trimestre,
    CAST(EXTRACT(month FROM jour) AS integer) AS numero_mois,
    (ARRAY['janvier', 'février', 'mars', 'avril', 'mai', 'juin', 'juillet', 'août', 'septembre', 'octobre', 'novembre',
        'décembre'])[EXTRACT(month FROM jour)::integer] AS nom_mois,
    CAST(EXTRACT(isodow FROM jour) AS integer) AS numero_jour_semaine,
    (ARRAY['lundi', 'mardi', 'mercredi', 'jeudi', 'vendredi', 'samedi', 'dimanche'])[EXTRACT(isodow FROM jour)::integer] AS nom_jour,
    EXTRACT(isodow FROM jour) >= 6 AS est_week_end
FROM jours
