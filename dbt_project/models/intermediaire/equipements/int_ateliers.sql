-- Grain : une ligne par lieu labellisé pour fabriquer (fabrique de territoire ou manufacture de proximité), dernière liste.
WITH fabriques AS (
    {{ communes_actuelles(ref('stg_anct__fabriques_de_territoire'), 'anct__fabriques_de_territoire') }}
    WHERE {{ dernier_millesime('amont', 'stg_anct__fabriques_de_territoire') }}
),

manufactures AS (
    {{ communes_actuelles(ref('stg_anct__manufactures_proximite'), 'anct__manufactures_proximite') }}
    WHERE {{ dernier_millesime('amont', 'stg_anct__manufactures_proximite') }}
),

lieux AS (
    SELECT id_fabrique AS id_atelier, 'fabrique' AS nature, nom, code_actuel, part, millesime, date_donnees, 'anct__fabriques_de_territoire' AS source
    FROM fabriques
    UNION ALL
    SELECT id_manufacture, 'manufacture', nom, code_actuel, part, millesime, date_donnees, 'anct__manufactures_proximite'
    FROM manufactures
)

-- A place stands in one commune: of a commune that was split, the one with most people.
SELECT DISTINCT ON (id_atelier)
    lieux.id_atelier,
    lieux.nature,
    lieux.nom,
    commune.code_commune,
    lieux.millesime,
    lieux.date_donnees,
    lieux.source
FROM lieux
LEFT JOIN {{ ref('dim_communes') }} AS commune ON commune.code_commune = lieux.code_actuel AND commune.est_actuelle
ORDER BY id_atelier, part DESC, commune.code_commune
