-- Grain : une ligne par département et par millésime.
SELECT
    _millesime AS millesime,
    {{ code_departement('dep') }} AS code_departement,
    {{ code_region('reg') }} AS code_region,
    {{ code_commune('cheflieu') }} AS code_chef_lieu,
    {{ texte('libelle') }} AS nom_departement
FROM {{ source('raw', 'insee__departements') }}
