-- Grain : une ligne par compteur, territoire et jour de mesure, et par fichier donné.
SELECT
    _millesime AS millesime,
    _livraison AS livraison,
    {{ texte('code_compteur') }} AS code_compteur,
    {{ texte('nom_compteur') }} AS nom_compteur,
    {{ texte('unite') }} AS unite,
    {{ texte('niveau') }} AS niveau,
    {{ texte('code_territoire') }} AS code_territoire,
    {{ jour('date_mesure') }} AS date_mesure,
    {{ decimal('valeur') }} AS valeur,
    {{ texte('code_action') }} AS code_action,
    {{ texte('origine') }} AS origine
FROM {{ source('raw', 'apports__compteurs') }}
