-- Grain : une ligne par commune et par millésime. Les arrondissements de Paris, Lyon et Marseille suivent leur commune : ils n'y sont pas.
SELECT
    _millesime AS millesime,
    {{ code_commune('codgeo') }} AS code_commune,
    {{ texte('libgeo') }} AS nom_commune,
    {{ texte('arr') }} AS code_arrondissement,
    {{ texte('ze') }} AS code_zone_emploi,
    -- Insee writes a code of its own (01000, 000) for « none »: no area there.
    CASE WHEN uu !~ '000$' THEN {{ texte('uu') }} END AS code_unite_urbaine,
    CASE WHEN aav <> '000' THEN {{ texte('aav') }} END AS code_aire_attraction,
    {{ texte('cateaav') }} AS code_categorie_aire,
    CASE cateaav
        WHEN '11' THEN 'commune-centre'
        WHEN '12' THEN 'pôle principal'
        WHEN '13' THEN 'pôle secondaire'
        WHEN '20' THEN 'couronne'
        WHEN '30' THEN 'hors attraction des villes'
    END AS categorie_aire_attraction,
    {{ texte('bv') }} AS code_bassin_vie
FROM {{ source('raw', 'insee__appartenance_geographique') }}
WHERE feuille = 'COM'
