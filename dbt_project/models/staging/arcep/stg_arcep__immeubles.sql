-- Grain : un trimestre, une commune (arrondissement à Paris, Lyon et Marseille), un opérateur d'infrastructure et un état.
SELECT
    _millesime AS millesime,
    {{ code_commune('code_commune') }} AS code_commune,
    {{ texte('code_operateur') }} AS code_operateur,
    {{ texte('etat') }} AS etat,
    {{ entier('nb_immeubles') }} AS immeubles,
    {{ entier('nb_declarations') }} AS declarations,
    {{ entier('nb_locaux_minimum') }} AS locaux_minimum,
    {{ entier('nb_sans_taille') }} AS immeubles_sans_taille
FROM {{ source('raw', 'arcep__immeubles') }}
