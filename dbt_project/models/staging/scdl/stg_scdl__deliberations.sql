-- Grain : une ligne par délibération et par millésime.
SELECT
    _millesime AS millesime,
    LEFT({{ siret('coll_siret') }}, 9) AS siren,
    {{ texte('coll_nom') }} AS collectivite,
    {{ texte('delib_id') }} AS id_deliberation,
    {{ jour('delib_date') }} AS date_deliberation,
    {{ texte('delib_matiere_code') }} AS code_matiere,
    {{ texte('delib_objet') }} AS objet,
    {{ entier('vote_reel') }} AS votants,
    {{ entier('vote_pour') }} AS voix_pour,
    {{ entier('vote_contre') }} AS voix_contre,
    {{ entier('vote_abstention') }} AS abstentions,
    {{ texte('delib_url') }} AS adresse_document
FROM {{ source('raw', 'scdl__deliberations') }}
