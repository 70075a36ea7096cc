-- Grain : une ligne par école ou collège et par rentrée.
-- depends_on: {{ ref('dim_territoires') }}
-- Pupils come from the directory, of a later year: they weigh the index, nothing else.
{{ config(post_hook="{{ cles_communales(['uai', 'millesime']) }}") }}
SELECT
    amont.uai,
    amont.millesime,
    {{ colonnes_commune() }},
    amont.niveau,
    amont.nom,
    amont.secteur,
    amont.ips,
    annuaire.nb_eleves
FROM {{ ref('stg_education__ips') }} AS amont
{{ jointures_commune('education__ips') }}
LEFT JOIN {{ ref('fait_etablissements_scolaires') }} AS annuaire
    ON annuaire.uai = amont.uai
    AND annuaire.millesime = (SELECT MAX(millesime) FROM {{ ref('fait_etablissements_scolaires') }})
