-- Grain : une ligne par département, profession et année. Totaux de région et de France écartés ; ensembles marqués.
{{ config(post_hook="{{ contraintes(['code_departement', 'profession', 'millesime'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
SELECT
    amont.code_departement,
    territoire.cle_territoire,
    amont.profession,
    CAST(amont.annee AS text) AS millesime,
    MAKE_DATE(amont.annee, 12, 31) AS date_donnees,
    amont.est_ensemble,
    amont.effectif,
    amont.densite_pour_100000
FROM {{ ref('stg_cnam__professionnels_sante') }} AS amont
LEFT JOIN {{ ref('dim_territoires') }} AS territoire ON territoire.cle_territoire = 'departement:' || amont.code_departement
WHERE amont.code_departement IS NOT NULL AND amont.est_tous_ages_et_sexes
    AND {{ dernier_millesime('amont', 'stg_cnam__professionnels_sante') }}
