-- Grain : une ligne par ressource du catalogue et par millésime.
SELECT
    _millesime AS millesime,
    {{ texte('id') }} AS id_ressource,
    {{ texte('dataset_id') }} AS id_jeu,
    {{ texte('dataset_title') }} AS titre_jeu,
    {{ texte('dataset_organization') }} AS organisme,
    {{ texte('dataset_organization_id') }} AS id_organisme,
    {{ texte('dataset_license') }} AS licence,
    COALESCE({{ booleen('dataset_private') }}, FALSE) OR COALESCE({{ booleen('dataset_archived') }}, FALSE) AS est_retire,
    {{ texte('type') }} AS nature,
    {{ texte('format') }} AS format,
    {{ jour('created_at') }} AS creee_le,
    {{ jour('modified') }} AS modifiee_le,
    {{ entier('downloads', 'bigint') }} AS telechargements,
    {{ texte('schema_name') }} AS schema_national
FROM {{ source('raw', 'datagouv__catalogue') }}
