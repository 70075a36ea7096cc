-- Grain : une ligne par maternité et par année.
SELECT
    _millesime AS millesime,
    {{ entier('annee') }} AS annee,
    {{ texte('fi_et') }} AS finess,
    {{ texte('nom_mat') }} AS nom,
    {{ texte('type') }} AS type_maternite,
    {{ texte('statut') }} AS statut,
    -- Overseas the hospital statistics write 9A101 for 97101: the letter stands for the département's last digit.
    CASE
        WHEN com ~ '^9[A-F][0-9]{3}$' THEN '97' || RIGHT(com, 3)
        ELSE {{ code_commune('com') }}
    END AS code_commune,
    {{ entier('lit_obs') }} AS lits_obstetrique,
    {{ entier('saltrav') }} AS salles_travail,
    {{ entier('acctot') }} AS accouchements
FROM {{ source('raw', 'drees__maternites') }}
