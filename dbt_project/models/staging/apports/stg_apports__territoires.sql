-- Grain : une ligne par territoire et commune membre, telles qu'écrites, et par fichier donné.
SELECT
    _millesime AS millesime,
    _livraison AS livraison,
    {{ texte('code_territoire') }} AS code_territoire,
    {{ texte('nom_territoire') }} AS nom_territoire,
    {{ code_commune('code_commune') }} AS code_commune,
    {{ texte('commentaire') }} AS commentaire
FROM {{ source('raw', 'apports__territoires') }}
