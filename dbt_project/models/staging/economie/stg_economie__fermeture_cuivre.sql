-- Grain : une ligne par commune (arrondissement à Paris, Lyon et Marseille) et millésime ; les lignes répétées n'en font qu'une.
SELECT DISTINCT
    _millesime AS millesime,
    {{ code_commune('code_insee') }} AS code_commune,
    {{ jour('fermeture_technique') }} AS date_fermeture,
    CASE
        WHEN output_usager LIKE '%déjà fermé%' THEN 'fermé'
        WHEN output_usager LIKE '%pas encore prévu%' THEN 'non prévu'
        WHEN output_usager LIKE '%est prévu%' THEN 'prévu'
        ELSE {{ refuser('output_usager', 'integer') }}::text
    END AS etat
FROM {{ source('raw', 'economie__fermeture_cuivre') }}
