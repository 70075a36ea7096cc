-- Grain : une ligne par CRTE et par groupement ou commune signataire (les couples écrits deux fois n'en font qu'un).
SELECT DISTINCT
    _millesime AS millesime,
    {{ code_region('insee_reg') }} AS code_region,
    {{ texte('id_crte') }} AS code_crte,
    {{ texte('lib_crte') }} AS nom_crte,
    {{ siren('siren_groupement') }} AS siren_signataire,
    {{ texte('lib_groupement') }} AS nom_signataire,
    {{ texte('nature_juridique') }} AS nature_juridique
FROM {{ source('raw', 'anct__contrats_crte') }}
