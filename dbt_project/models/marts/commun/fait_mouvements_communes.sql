-- Grain : une ligne par jour, type d'évènement, code de départ et code d'arrivée (avec leur nature), jusqu'au dernier COG.
-- What the official file says since 1943, and the share of the people who went that way where somebody moved.
SELECT DISTINCT ON (m.date_effet, m.type_evenement, m.nature_avant, m.code_avant, m.nature_apres, m.code_apres)
    m.date_effet,
    m.type_evenement,
    m.nature_avant,
    m.code_avant,
    m.nom_avant,
    m.nature_apres,
    m.code_apres,
    m.nom_apres,
    p.part,
    p.partage
FROM {{ ref('stg_insee__mouvements_communes') }} AS m
LEFT JOIN {{ ref('int_mouvements') }} AS p
    ON p.date_effet = m.date_effet AND p.code_avant = m.code_avant AND p.code_apres = m.code_apres
    AND m.nature_avant = 'COM' AND m.nature_apres = 'COM'
WHERE m.date_effet <= (SELECT MAX(date_cog) FROM {{ ref('int_communes_courantes') }})
ORDER BY m.date_effet, m.type_evenement, m.nature_avant, m.code_avant, m.nature_apres, m.code_apres, m.nom_apres
