-- Grain : une ligne par lieu et période, et par fichier donné.
SELECT
    _millesime AS millesime,
    _livraison AS livraison,
    {{ texte('source_lieu') }} AS source_lieu,
    {{ texte('id_lieu_source') }} AS id_lieu_source,
    {{ texte('nom_lieu') }} AS nom_lieu,
    {{ code_commune('code_commune') }} AS code_commune,
    {{ jour('date_debut') }} AS date_debut,
    {{ jour('date_fin') }} AS date_fin,
    {{ entier('nb_visites') }} AS nb_visites,
    {{ entier('nb_accompagnements') }} AS nb_accompagnements,
    {{ texte('commentaire') }} AS commentaire
FROM {{ source('raw', 'apports__frequentation') }}
