-- Grain : une ligne par ressource du catalogue publiée par un organisme local connu d'OpenDataFrance.
-- depends_on: {{ ref('dim_territoires') }}
-- An extract of the catalogue says nothing of those it leaves out: `est_catalogue_complet` is true when most bodies are in it.
{{ config(post_hook="{{ contraintes(['id_ressource', 'millesime']) }}") }}
WITH organismes AS (
    SELECT DISTINCT ON (id_datagouv) id_datagouv, siren, code_departement, cle_territoire
    FROM {{ ref('fait_ouverture_donnees') }}
    WHERE id_datagouv IS NOT NULL AND {{ dernier_millesime('fait_ouverture_donnees', 'fait_ouverture_donnees') }}
    ORDER BY id_datagouv, siren
),

etendue AS (
    SELECT catalogue.millesime, 2 * COUNT(*) >= (SELECT COUNT(*) FROM organismes) AS est_catalogue_complet
    FROM (SELECT DISTINCT millesime, id_organisme FROM {{ ref('stg_datagouv__catalogue') }}) AS catalogue
    INNER JOIN organismes ON organismes.id_datagouv = catalogue.id_organisme
    GROUP BY catalogue.millesime
)

SELECT
    amont.id_ressource,
    amont.millesime,
    fiche.date_donnees,
    amont.id_jeu,
    amont.titre_jeu,
    organismes.siren,
    organismes.cle_territoire,
    organismes.code_departement,
    amont.licence,
    amont.format,
    amont.schema_national,
    amont.schema_national IS NOT NULL AS est_au_schema_national,
    amont.modifiee_le,
    amont.telechargements,
    etendue.est_catalogue_complet
FROM {{ ref('stg_datagouv__catalogue') }} AS amont
INNER JOIN organismes ON organismes.id_datagouv = amont.id_organisme
INNER JOIN etendue ON etendue.millesime = amont.millesime
LEFT JOIN {{ ref('fiches_millesimes') }} AS fiche ON fiche.source = 'datagouv__catalogue' AND fiche.millesime = amont.millesime
WHERE amont.nature = 'main' AND NOT amont.est_retire
