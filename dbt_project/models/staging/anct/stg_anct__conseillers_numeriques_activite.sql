-- Grain : une ligne par code postal écrit et par millésime ; un code incomplet est vide : un chiffre perdu ne se devine pas.
SELECT
    _millesime AS millesime,
    codepostal AS code_postal_ecrit,
    {{ conforme(texte('codepostal'), '^[0-9]{5}$') }} AS code_postal,
    {{ entier('moins12ans') }} AS nb_moins_12_ans,
    {{ entier('de12a18ans') }} AS nb_12_18_ans,
    {{ entier('de18a35ans') }} AS nb_18_35_ans,
    {{ entier('de35a60ans') }} AS nb_35_60_ans,
    {{ entier('plus60ans') }} AS nb_plus_60_ans,
    {{ entier('etudiant') }} AS nb_etudiants,
    {{ entier('sansemploi') }} AS nb_sans_emploi,
    {{ entier('enemploi') }} AS nb_en_emploi,
    {{ entier('retraite') }} AS nb_retraites,
    {{ entier('heterogene') }} AS nb_groupes_meles
FROM {{ source('raw', 'anct__conseillers_numeriques_activite') }}
