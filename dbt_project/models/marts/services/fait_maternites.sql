-- Grain : une ligne par maternité et par année ; le millésime est l'année décrite, non celle de la livraison.
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook="{{ cles_communales(['finess', 'millesime']) }}") }}
SELECT
    amont.finess,
    CAST(amont.annee AS text) AS millesime,
    MAKE_DATE(amont.annee, 12, 31) AS date_donnees,
    commune.code_commune,
    'commune:' || commune.code_commune AS cle_territoire,
    commune.code_departement,
    amont.nom,
    amont.type_maternite,
    amont.statut,
    amont.lits_obstetrique,
    amont.salles_travail,
    amont.accouchements,
    amont.annee = MAX(amont.annee) OVER () AS est_derniere_annee
FROM {{ ref('stg_drees__maternites') }} AS amont
{{ jointures_commune('drees__maternites') }}
WHERE {{ dernier_millesime('amont', 'stg_drees__maternites') }}
