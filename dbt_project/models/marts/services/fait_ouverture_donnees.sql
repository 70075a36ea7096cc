-- Grain : une ligne par organisme local qui ouvre des données et par millésime.
-- A commune or a grouping is known by its SIREN; a département by the digits that its SIREN is made of.
{{ config(post_hook="{{ contraintes(['siren', 'millesime'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}") }}
WITH hotes AS (
    SELECT millesime, hote_plateforme, COUNT(*) AS nb_organismes
    FROM {{ ref('stg_opendatafrance__organisations') }}
    WHERE hote_plateforme IS NOT NULL AND hote_plateforme NOT LIKE '%data.gouv.fr'
    GROUP BY millesime, hote_plateforme
)

SELECT
    amont.siren,
    amont.millesime,
    fiche.date_donnees,
    amont.nom,
    CASE
        WHEN collectivite.nature IS NOT NULL THEN collectivite.nature
        WHEN departement.code_territoire IS NOT NULL THEN 'departement'
        WHEN amont.siren LIKE '23%' THEN 'region'
        ELSE 'autre'
    END AS nature,
    COALESCE(collectivite.cle_territoire, departement.cle_territoire) AS cle_territoire,
    collectivite.code_commune,
    collectivite.siren_epci,
    COALESCE(collectivite.code_departement, departement.code_territoire) AS code_departement,
    amont.adresse_plateforme,
    amont.hote_plateforme,
    hotes.nb_organismes AS nb_organismes_plateforme,
    amont.id_datagouv,
    hotes.nb_organismes IS NOT NULL AS a_plateforme_territoriale,
    COALESCE(hotes.nb_organismes > 1, FALSE) AS est_plateforme_mutualisee
FROM {{ ref('stg_opendatafrance__organisations') }} AS amont
LEFT JOIN hotes ON hotes.millesime = amont.millesime AND hotes.hote_plateforme = amont.hote_plateforme
LEFT JOIN {{ ref('int_collectivites') }} AS collectivite ON collectivite.siren = amont.siren
LEFT JOIN {{ ref('dim_territoires') }} AS departement
    ON departement.niveau = 'departement' AND amont.siren LIKE '22%'
    AND departement.code_territoire = SUBSTRING(amont.siren FROM 3 FOR CASE WHEN amont.siren LIKE '2297%' THEN 3 ELSE 2 END)
LEFT JOIN {{ ref('fiches_millesimes') }} AS fiche
    ON fiche.source = 'opendatafrance__organisations' AND fiche.millesime = amont.millesime
