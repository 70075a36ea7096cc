-- Grain : une ligne par territoire et ligne de la feuille de route, et par fichier donné.
SELECT
    _millesime AS millesime,
    _livraison AS livraison,
    {{ texte('niveau') }} AS niveau,
    {{ texte('code_territoire') }} AS code_territoire,
    {{ texte('code_action') }} AS code_action,
    {{ decimal('poids') }} AS poids,
    {{ texte('motif') }} AS motif
FROM {{ source('raw', 'apports__priorites') }}
