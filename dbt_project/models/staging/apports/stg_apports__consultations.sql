-- Grain : une ligne par consultation, territoire, question et réponse, et par fichier donné.
SELECT
    _millesime AS millesime,
    _livraison AS livraison,
    {{ texte('code_consultation') }} AS code_consultation,
    {{ texte('nom_consultation') }} AS nom_consultation,
    {{ texte('niveau') }} AS niveau,
    {{ texte('code_territoire') }} AS code_territoire,
    {{ jour('date_debut') }} AS date_debut,
    {{ jour('date_fin') }} AS date_fin,
    {{ texte('code_question') }} AS code_question,
    {{ texte('question') }} AS question,
    {{ texte('reponse') }} AS reponse,
    {{ entier('nb_reponses') }} AS nb_reponses,
    {{ texte('code_action') }} AS code_action
FROM {{ source('raw', 'apports__consultations') }}
