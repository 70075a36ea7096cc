-- Grain : une ligne par code et par nature de commune (COM, COMD, COMA, ARM), par millésime du COG.
-- A table, not a view: six models read it.
{{ config(materialized='table') }}
SELECT
    _millesime AS millesime,
    {{ texte('typecom') }} AS nature,
    {{ code_commune('com') }} AS code_commune,
    {{ texte('libelle') }} AS nom_commune,
    {{ texte('nccenr') }} AS nom_sans_article,
    {{ code_departement('dep') }} AS code_departement,
    {{ code_region('reg') }} AS code_region,
    {{ texte('arr') }} AS code_arrondissement,
    {{ code_commune('comparent') }} AS code_parent
FROM {{ source('raw', 'insee__communes') }}
