-- Grain : une ligne par année, profession et territoire ; les totaux de région et de France y sont encore.
SELECT
    _millesime AS millesime,
    {{ entier('annee') }} AS annee,
    {{ texte('profession_sante') }} AS profession,
    {{ texte('region') }} AS code_region,
    NULLIF({{ texte('departement') }}, '999') AS code_departement,
    profession_sante LIKE 'Ensemble%' AS est_ensemble,
    classe_age = 'tout_age' AND libelle_sexe = 'tout sexe' AS est_tous_ages_et_sexes,
    {{ texte('classe_age') }} AS classe_age,
    {{ texte('libelle_sexe') }} AS sexe,
    {{ entier('effectif') }} AS effectif,
    {{ decimal('densite') }} AS densite_pour_100000
FROM {{ source('raw', 'cnam__professionnels_sante') }}
