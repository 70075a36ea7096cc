-- Grain : une ligne par région et par millésime.
SELECT
    _millesime AS millesime,
    {{ code_region('reg') }} AS code_region,
    {{ code_commune('cheflieu') }} AS code_chef_lieu,
    {{ texte('libelle') }} AS nom_region
FROM {{ source('raw', 'insee__regions') }}
