-- Grain : une ligne par commune (arrondissement à Paris, Lyon et Marseille) et millésime.
SELECT
    _millesime AS millesime,
    {{ code_commune('depcom_arm') }} AS code_commune,
    {{ entier('nb_ls') }} AS logements_sociaux,
    {{ entier('nb_loues') }} AS logements_loues,
    {{ entier('nb_vacants') }} AS logements_vacants,
    {{ entier('nb_vides') }} AS logements_vides,
    nb_loues IS NULL AS est_secret_etat
FROM {{ source('raw', 'sdes__logements_sociaux') }}
