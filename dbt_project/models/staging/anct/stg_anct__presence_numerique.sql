-- Grain : une ligne par millésime et collectivité (commune, intercommunalité, département, région).
-- Upstream writes neither « none » nor « not tested »: it tests whoever has a SIRET, so an empty list is none there, unknown elsewhere.
SELECT
    _millesime AS millesime,
    {{ texte('type') }} AS type_collectivite,
    {{ siret('siret') }} AS siret,
    {{ siren('siren') }} AS siren,
    {{ texte('libelle') }} AS nom,
    {{ entier('population') }} AS population,
    {{ code_commune('code_insee') }} AS code_commune,
    CASE WHEN {{ siret('siret') }} IS NOT NULL THEN COALESCE(STRING_TO_ARRAY({{ texte('rpnt') }}, ','), CAST('{}' AS text[])) END AS criteres
FROM {{ source('raw', 'anct__presence_numerique') }}
