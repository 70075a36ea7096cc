-- Grain : une ligne par zonage, zone et millésime de la table d'appartenance.
SELECT
    _millesime AS millesime,
    CASE REGEXP_REPLACE(nivgeo, '[0-9]+$', '')
        WHEN 'BV' THEN 'bassin_vie'
        WHEN 'ZE' THEN 'zone_emploi'
        WHEN 'UU' THEN 'unite_urbaine'
        WHEN 'AAV' THEN 'aire_attraction'
        WHEN 'ARR' THEN 'arrondissement'
    END AS zonage,
    {{ texte('codgeo') }} AS code_zone,
    {{ texte('libgeo') }} AS nom_zone,
    {{ entier('nb_com') }} AS nb_communes,
    {{ entier("SUBSTRING(nivgeo FROM '[0-9]{4}$')") }} AS annee_zonage
FROM {{ source('raw', 'insee__appartenance_geographique') }}
WHERE feuille = 'Zones_supra_communales' AND nivgeo ~ '^(BV|ZE|UU|AAV|ARR)[0-9]*$'
