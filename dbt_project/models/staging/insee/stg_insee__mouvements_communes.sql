-- Grain : une ligne par évènement et par couple avant × après, dans le dernier fichier livré (il reprend les précédents).
SELECT
    _millesime AS millesime,
    {{ texte('mod') }} AS type_evenement,
    {{ jour('date_eff') }} AS date_effet,
    {{ texte('typecom_av') }} AS nature_avant,
    {{ code_commune('com_av') }} AS code_avant,
    {{ texte('libelle_av') }} AS nom_avant,
    {{ texte('typecom_ap') }} AS nature_apres,
    {{ code_commune('com_ap') }} AS code_apres,
    {{ texte('libelle_ap') }} AS nom_apres
FROM {{ source('raw', 'insee__mouvements_communes') }}
WHERE _millesime = (SELECT MAX(_millesime) FROM {{ source('raw', 'insee__mouvements_communes') }})
