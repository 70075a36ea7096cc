-- Grain : une ligne par millésime, commune, champ déclaré et trimestre.
SELECT
    _millesime AS millesime,
    {{ code_commune('code_commune') }} AS code_commune,
    CASE {{ texte('champ') }} WHEN 'Locaux Raccordables' THEN 'locaux_raccordables' WHEN 'Catégorie' THEN 'categorie' ELSE {{ texte('champ') }} END AS champ,
    SUBSTRING(trimestre FROM '(20[0-9]{2})') || 'T' || SUBSTRING(trimestre FROM '[Tt]([1-4])') AS trimestre,
    {{ entier_tiret_nul('valeur') }} AS valeur
FROM {{ source('raw', 'arcep__deploiement_fibre') }}
