-- Grain : une ligne par siège d'une instance, et par fichier donné.
SELECT
    _millesime AS millesime,
    _livraison AS livraison,
    {{ texte('id_membre') }} AS id_membre,
    {{ texte('niveau') }} AS niveau,
    {{ texte('code_territoire') }} AS code_territoire,
    {{ texte('instance') }} AS instance,
    {{ texte('college') }} AS college,
    {{ texte('organisme') }} AS organisme,
    {{ texte('fonction') }} AS fonction,
    {{ jour('date_debut') }} AS date_debut,
    {{ jour('date_fin') }} AS date_fin
FROM {{ source('raw', 'apports__gouvernance') }}
