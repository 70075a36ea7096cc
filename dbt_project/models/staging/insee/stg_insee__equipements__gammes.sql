-- Grain : une ligne par millésime et type d'équipement ; un regroupement (AR03) en réunit jusqu'à trois.
SELECT
    fichier._millesime AS millesime,
    membre.type_equipement,
    {{ texte('fichier.code_equipement') }} AS code_regroupement,
    {{ texte('fichier.libelle_equipement') }} AS libelle_regroupement,
    {{ texte('fichier.gamme') }} AS gamme
FROM {{ source('raw', 'insee__equipements__gammes') }} AS fichier
CROSS JOIN LATERAL (VALUES
    ({{ texte('fichier.regroupement_1') }}), ({{ texte('fichier.regroupement_2') }}), ({{ texte('fichier.regroupement_3') }})
) AS membre (type_equipement)
WHERE membre.type_equipement IS NOT NULL
