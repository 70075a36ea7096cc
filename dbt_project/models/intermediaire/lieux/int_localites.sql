-- Grain : une ligne par code postal, nom de localité et commune actuelle qui répond à ce nom.
-- Names of communes, of delivery offices and of former communes (line 5), as La Poste writes them.
WITH livres AS ({{ communes_actuelles(ref('stg_laposte__codes_postaux'), 'laposte__codes_postaux') }})

SELECT DISTINCT
    livres.code_postal,
    {{ normaliser_localite(normaliser('v.nom')) }} AS localite_normalisee,
    cog.code_commune
FROM livres
INNER JOIN {{ ref('int_communes_courantes') }} AS cog ON cog.code_commune = livres.code_actuel
CROSS JOIN LATERAL (VALUES (livres.nom_commune), (livres.ligne_5), (cog.nom_commune)) AS v (nom)
WHERE v.nom IS NOT NULL AND livres.code_postal IS NOT NULL
