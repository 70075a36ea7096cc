-- Grain : une ligne par territoire, indicateur et échéance, et par fichier donné.
SELECT
    _millesime AS millesime,
    _livraison AS livraison,
    {{ texte('niveau') }} AS niveau,
    {{ texte('code_territoire') }} AS code_territoire,
    {{ texte('code_indicateur') }} AS code_indicateur,
    {{ jour('date_objectif') }} AS date_objectif,
    {{ decimal('valeur_cible') }} AS valeur_cible,
    {{ texte('origine') }} AS origine
FROM {{ source('raw', 'apports__objectifs') }}
