-- Grain : une ligne par service numérique né dans un incubateur public et par millésime.
SELECT
    _millesime AS millesime,
    {{ texte('id') }} AS id_startup,
    {{ texte('attributes_name') }} AS nom,
    {{ texte('attributes_pitch') }} AS mission,
    {{ texte('attributes_accessibility_status') }} AS accessibilite,
    {{ texte('relationships_incubator_data_id') }} AS incubateur,
    CAST(attributes_phases AS jsonb) AS phases,
    CAST(attributes_sponsors AS jsonb) AS financeurs
FROM {{ source('raw', 'betagouv__startups') }}
