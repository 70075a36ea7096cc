-- Grain : une ligne par organisme local qui ouvre des données et par millésime.
SELECT
    _millesime AS millesime,
    {{ siren('siren') }} AS siren,
    {{ texte('nom') }} AS nom,
    {{ texte('url_platform') }} AS adresse_plateforme,
    LOWER(SUBSTRING({{ texte('url_platform') }} FROM '^[a-zA-Z]+://([^/:?#]+)')) AS hote_plateforme,
    {{ texte('id_datagouv') }} AS id_datagouv,
    {{ texte('techno_platform') }} AS techniques
FROM {{ source('raw', 'opendatafrance__organisations') }}
