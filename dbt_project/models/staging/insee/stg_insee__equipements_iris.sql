-- Grain : une ligne par millésime, Iris (ou commune non découpée) et type d'équipement présent.
SELECT
    _millesime AS millesime,
    {{ code_commune('depcom') }} AS code_commune,
    {{ texte('dciris') }} AS code_iris,
    {{ texte('typequ') }} AS type_equipement,
    {{ entier('nb_equip') }} AS nombre
FROM {{ source('raw', 'insee__equipements_iris') }}
