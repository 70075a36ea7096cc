-- Grain : une ligne par structure France services et par liste (millésime). `id_fs` n'est pas stable d'une liste à l'autre.
-- Trois mises en page : « Site principal / Antenne » est dans format_fs en 2022, dans type_fs en 2024, absent en 2020 ;
-- le bus est dans itinerance en 2020 et 2022, dans format_fs en 2024.
WITH brut AS (
    SELECT
        *,
        SUBSTRING(labellisation_fs FROM '([0-9]{2}/[0-9]{2}/[0-9]{4})') AS jour_label,
        SUBSTRING(labellisation_fs FROM ' ([0-9]{2}/[0-9]{4})$') AS mois_label
    FROM {{ source('raw', 'anct__france_services') }}
)

SELECT
    _millesime AS millesime,
    {{ texte('id_fs') }} AS id_fs,
    {{ sans_coordonnees(texte('lib_fs')) }} AS nom,
    {{ sans_coordonnees(texte('adresse')) }} AS adresse,
    {{ code_postal('code_postal') }} AS code_postal,
    {{ texte('lib_com') }} AS localite,
    {{ code_commune_saisi('insee_com') }} AS code_commune,
    {{ code_departement('insee_dep') }} AS code_departement,
    {{ latitude('latitude', 'longitude') }} AS latitude,
    {{ longitude('latitude', 'longitude') }} AS longitude,
    COALESCE(TO_DATE(jour_label, 'DD/MM/YYYY'), TO_DATE('01/' || mois_label, 'DD/MM/YYYY')) AS date_labellisation,
    {{ texte('format_fs') }} AS format_declare,
    {{ texte('type_fs') }} AS type_declare,
    {{ texte('itinerance') }} AS itinerance_declaree,
    {{ texte('groupe_fs') }} AS groupe
FROM brut
