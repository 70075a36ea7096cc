-- Grain : une ligne par arrondissement (circonscription d'un sous-préfet) et par millésime.
SELECT
    _millesime AS millesime,
    {{ texte('arr') }} AS code_arrondissement,
    {{ code_departement('dep') }} AS code_departement,
    {{ code_commune('cheflieu') }} AS code_chef_lieu,
    {{ texte('libelle') }} AS nom_arrondissement
FROM {{ source('raw', 'insee__arrondissements') }}
