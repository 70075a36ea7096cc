-- Grain : une ligne par couple de descriptions relu, et par fichier donné.
SELECT
    _millesime AS millesime,
    _livraison AS livraison,
    {{ texte('source_a') }} AS source_a,
    {{ texte('id_a') }} AS id_a,
    {{ texte('source_b') }} AS source_b,
    {{ texte('id_b') }} AS id_b,
    {{ texte('decision') }} AS decision,
    {{ jour('date_decision') }} AS date_decision,
    {{ texte('commentaire') }} AS commentaire
FROM {{ source('raw', 'apports__lieux') }}
